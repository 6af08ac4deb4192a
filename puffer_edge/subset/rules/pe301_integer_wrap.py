# SPDX-License-Identifier: MIT
"""Integers that an array cuts off."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

RANGES = {"b": (-128, 127), "B": (0, 255), "h": (-32768, 32767), "H": (0, 65535),
          "i": (-2**31, 2**31 - 1), "I": (0, 2**32 - 1), "l": (-2**31, 2**31 - 1),
          "L": (0, 2**32 - 1)}


@rule("PE301", "integer-wrap", ast.Assign, ast.Call,
      reason="CPython raises OverflowError or ValueError, MicroPython stores the lowest bits.",
      instead="clamp the number before it is stored.",
      bad="from array import array\nx = array('b', [200])",
      good="from array import array\nx = array('B', [200])")
def check(node: ast.Assign | ast.Call, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                bounds = _bounds(target.value, file)
                if bounds and _outside(node.value, bounds):
                    yield node, f"the number does not fit in [{bounds[0]}, {bounds[1]}] and wraps"
        return
    bounds = _call_bounds(node, file)
    values = node.args[1] if len(node.args) == 2 else None
    if bounds and isinstance(values, ast.List | ast.Tuple):
        for value in values.elts:
            if _outside(value, bounds):
                yield value, f"the number does not fit in [{bounds[0]}, {bounds[1]}] and wraps"


def _call_bounds(call: ast.expr | ast.AST | None, file: File) -> tuple[int, int] | None:
    """Bounds of array(typecode, ...); of a bytearray."""
    if not isinstance(call, ast.Call):
        return None
    kind = file.type_of(call)
    if kind == "builtins.bytearray":
        return (0, 255)
    if kind == "array.array" and call.args and isinstance(call.args[0], ast.Constant):
        return RANGES.get(str(call.args[0].value))
    return None


def _bounds(node: ast.expr, file: File) -> tuple[int, int] | None:
    if isinstance(node, ast.Name):
        found = file.bound(node)
        bounds = {_call_bounds(value, file) for value in found[1]} if found else {None}
        return bounds.pop() if len(bounds) == 1 else None
    return _call_bounds(node, file)


def _outside(node: ast.expr, bounds: tuple[int, int]) -> bool:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return type(value) is int and not bounds[0] <= value <= bounds[1]
