# SPDX-License-Identifier: MIT
"""Stars inside of lists, tuples, sets and dicts."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE103", "star-in-display", ast.List, ast.Tuple, ast.Set, ast.Dict,
      reason="A star unpacks in calls and assignments only: SyntaxError.",
      instead="a + b, list(a) + list(b), or update().",
      bad="a = [1]\nb = [*a, 2]", good="a = [1]\nb, *c = a\nprint(*a, *a)")
def check(node: ast.List | ast.Tuple | ast.Set | ast.Dict, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Dict):
        if None in node.keys:
            yield node, "MicroPython has no ** inside of a dict"
    elif not isinstance(getattr(node, "ctx", None), ast.Store):
        for element in node.elts:
            if isinstance(element, ast.Starred) and isinstance(element.ctx, ast.Load):
                yield element, "MicroPython unpacks with * in calls and assignments only"
                break
