# SPDX-License-Identifier: MIT
"""What arrays, lists and views of dicts cannot do."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

ARRAYS = ("array.array", "uarray.array", "builtins.bytearray")
LAZY = ("enumerate", "filter", "map", "reversed", "zip")


@rule("PE214", "sequence-operation", ast.Delete, ast.Compare, ast.BinOp, ast.Assign,
      reason="Elements of an array cannot be deleted or looked for, arrays of different types not "
             "compared; only a list or tuple can replace a part of a list, only an array or bytes "
             "a part of an array; keys() is no set: TypeError, NotImplementedError.",
      instead="list(...), bytes(...), set(...) around the operand.",
      bad="from array import array\nx = array('b', [1, 2])\ndel x[0]",
      good="from array import array\nx = array('b', [1, 2])\nx = x[1:]")
def check(node: ast.Delete | ast.Compare | ast.BinOp | ast.Assign, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Delete):
        found = _deleted(node, file)
    elif isinstance(node, ast.Compare):
        found = _compared(node, file)
    else:
        found = _combined(node, file) if isinstance(node, ast.BinOp) else _stored(node, file)
    for text in found:
        if not is_guarded(node, file):
            yield node, text


def _deleted(node: ast.Delete, file: File) -> Iterable[str]:
    for target in node.targets:
        if isinstance(target, ast.Subscript) and _kind(target.value, file) in ARRAYS:
            yield "elements of an array cannot be deleted in MicroPython"


def _compared(node: ast.Compare, file: File) -> Iterable[str]:
    right = node.comparators[0]
    kind = _kind(right, file)
    if isinstance(node.ops[0], ast.In | ast.NotIn) and kind in ARRAYS:
        if kind != ARRAYS[-1] or _kind(node.left, file) == "builtins.int":
            yield "MicroPython cannot look for a number in an array"
    elif isinstance(node.ops[0], ast.Eq | ast.NotEq):
        codes = [_typecode(side, file) for side in (node.left, right)]
        if None not in codes and codes[0] != codes[1]:
            yield "MicroPython cannot compare arrays of different types"
        elif all(isinstance(side, ast.Call) and file.is_builtin(side.func, "range")
                 for side in (node.left, right)):
            yield "MicroPython does not compare ranges by what they hold"
        elif any(_is_view(side) for side in (node.left, right)):
            yield "MicroPython does not compare keys() by what they hold"


def _combined(node: ast.BinOp, file: File) -> Iterable[str]:
    if isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.Sub) and any(
            _is_view(side) for side in (node.left, node.right)):
        yield "keys() and items() are no sets in MicroPython"
    elif isinstance(node.op, ast.Mult) and _kind(node.left, file) in ARRAYS[:2]:
        yield "an array cannot be multiplied in MicroPython"


def _stored(node: ast.Assign, file: File) -> Iterable[str]:
    for target in node.targets:
        if not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Slice):
            continue
        into, value = _kind(target.value, file), _kind(node.value, file) or ""
        lazy = isinstance(node.value, ast.GeneratorExp) or (
            isinstance(node.value, ast.Call) and file.is_builtin(node.value.func, *LAZY))
        if into == "builtins.list" and (lazy or value.removeprefix("builtins.") in (
                "range", "str", "bytes", "bytearray", "dict", "set")):
            yield "only a list or tuple can replace a part of a list in MicroPython"
        elif into in ARRAYS and (lazy or value.removeprefix("builtins.") in (
                "list", "tuple", "range", "str", "set")):
            yield "only an array or bytes can replace a part of an array in MicroPython"


def _kind(node: ast.expr, file: File) -> str | None:
    """The class of an expression: in words, arrays by their module and class."""
    kind = file.type_of(node)
    return kind.removeprefix("u") if kind == "uarray.array" else kind


def _typecode(node: ast.expr, file: File) -> str | None:
    if isinstance(node, ast.Name):
        found = file.bound(node)
        value = found[1][0] if found and len(found[1]) == 1 else None
    else:
        value = node
    if (isinstance(value, ast.Call) and _kind(value, file) == "array.array" and value.args
            and isinstance(value.args[0], ast.Constant)):
        return str(value.args[0].value)
    return None


def _is_view(node: ast.expr) -> bool:
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("keys", "items") and not node.args and not node.keywords)
