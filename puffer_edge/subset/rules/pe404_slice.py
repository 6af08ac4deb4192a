# SPDX-License-Identifier: MIT
"""Slices."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE404", "slice", ast.Subscript,
      reason="A slice is a copy; of a memoryview it is a new view.",
      instead="indices, or views made once, outside.",
      bad="# puffer-edge: no-alloc\ndef step(a):\n    return a[1:3]",
      good="# puffer-edge: no-alloc\ndef step(a, b):\n    a[1:3] = b")
def check(node: ast.Subscript, analysis: Analysis) -> Iterable[Hit]:
    if not isinstance(node.slice, ast.Slice):
        return
    if isinstance(node.ctx, ast.Load):
        yield node, "a slice is a new object"
    elif analysis.value(node.value).kind == "list":
        yield node, "replacing a part of a list makes a new list"
    elif analysis.file.is_native(node):
        yield node, "machine code makes a slice object, which bytecode does not"
