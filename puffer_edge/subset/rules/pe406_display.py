# SPDX-License-Identifier: MIT
"""Lists, dicts and sets."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE406", "display", ast.List, ast.Dict, ast.Set,
      reason="[ ] and { } make a new object, empty ones too.",
      instead="an object made once, outside; constant tuples are free.",
      bad="# puffer-edge: no-alloc\ndef step():\n    return []",
      good="# puffer-edge: no-alloc\ndef step(a):\n    return a in (1, 2)")
def check(node: ast.List | ast.Dict | ast.Set, analysis: Analysis) -> Iterable[Hit]:
    if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield node, f"a {type(node).__name__.lower()} is a new object"
