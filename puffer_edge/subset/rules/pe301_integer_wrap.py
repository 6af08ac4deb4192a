# SPDX-License-Identifier: MIT
"""Integers that an array cuts off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.constants import number
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

RANGES = {"b": (-128, 127), "B": (0, 255), "h": (-32768, 32767), "H": (0, 65535),
          "i": (-2**31, 2**31 - 1), "I": (0, 2**32 - 1), "l": (-2**31, 2**31 - 1),
          "L": (0, 2**32 - 1), "q": (-2**63, 2**63 - 1), "Q": (0, 2**64 - 1)}
PACKING = {"struct.pack": 1, "struct.pack_into": 3, "ustruct.pack": 1, "ustruct.pack_into": 3}
"""The place of the first value."""


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
    for value, bounds in _stored(node, file):
        if bounds and _outside(value, bounds):
            yield value, f"the number does not fit in [{bounds[0]}, {bounds[1]}] and wraps"


def _stored(node: ast.Call, file: File) -> Iterable[tuple[ast.expr, tuple[int, int] | None]]:
    """What a call puts into an array or into bytes, with the bounds there."""
    first = PACKING.get(file.dotted(node.func) or "")
    if first is not None:
        layout = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        if isinstance(layout, str) and not any(
                isinstance(argument, ast.Starred) for argument in node.args):
            codes = [code for count, code in re.findall(r"(\d*)(.)", layout.lstrip("@=<>!"), re.S)
                     for _ in range(0 if code == "x" else 1 if code == "s" else min(
                         int(count or 1), len(node.args)))]
            yield from zip(node.args[first:], map(RANGES.get, codes), strict=False)
    elif (isinstance(node.func, ast.Attribute) and node.func.attr == "append"
          and len(node.args) == 1):
        yield node.args[0], _bounds(node.func.value, file)
    elif node.args and isinstance(node.args[-1], ast.List | ast.Tuple):
        bounds = _call_bounds(node, file)
        for value in node.args[-1].elts:
            yield value, bounds


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
    value = number(node, {})
    return value is not None and not bounds[0] <= value <= bounds[1]
