# SPDX-License-Identifier: MIT
"""Tuples of variables."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE405", "tuple", ast.Tuple,
      reason="A tuple whose elements are not all constants is made anew.",
      instead="results in an array that exists; x, y = a, b with two or three names is free.",
      bad="# puffer-edge: no-alloc\ndef step(a, b):\n    return a, b",
      good="# puffer-edge: no-alloc\ndef step(a, b):\n    a, b = b, a\n    return 1, 2")
def check(node: ast.Tuple, analysis: Analysis) -> Iterable[Hit]:
    if not isinstance(node.ctx, ast.Load) or analysis.file.is_folded(node):
        return
    parent = analysis.file.parent(node)
    if isinstance(parent, ast.Assign) and parent.value is node and len(node.elts) in (2, 3):
        target = parent.targets[-1]
        if (len(parent.targets) == 1 and isinstance(target, ast.Tuple)
                and len(target.elts) == len(node.elts)
                and not any(isinstance(part, ast.Starred) for part in target.elts)):
            return
    yield node, "a tuple of variables is a new object"
