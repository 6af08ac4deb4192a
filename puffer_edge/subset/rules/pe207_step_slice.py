# SPDX-License-Identifier: MIT
"""Slices with a step."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

SEQUENCES = {"builtins.str", "builtins.bytes", "builtins.bytearray", "builtins.tuple",
             "builtins.memoryview", "array.array"}


@rule("PE207", "step-slice", ast.Subscript,
      reason="Only lists are sliced with a step, and only read: NotImplementedError.",
      instead="a loop over range(), or reversed().",
      bad="x = 'abc'[::-1]", good="x = [1, 2, 3][::2]\ny = 'abc'[::1]")
def check(node: ast.Subscript, file: File) -> Iterable[Hit]:
    if not isinstance(node.slice, ast.Slice) or node.slice.step is None:
        return
    step = node.slice.step
    if isinstance(step, ast.Constant) and step.value in (1, None):
        return
    kind = file.type_of(node.value)
    writes = not isinstance(node.ctx, ast.Load) and kind == "builtins.list"
    if (kind in SEQUENCES or writes) and not is_guarded(node, file):
        yield node, "MicroPython slices this with a step of 1 only"
