# SPDX-License-Identifier: MIT
"""What code computes with plain values: numbers, strings, lists and dictionaries."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

MAX_SIZE = 1 << 16
"""Of a list or a text."""

_MATH: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "floordiv": operator.floordiv, "floor_divide": operator.floordiv, "remainder": operator.mod,
    "neg": operator.neg, "abs": abs, "eq": operator.eq, "ne": operator.ne, "lt": operator.lt,
    "le": operator.le, "gt": operator.gt, "ge": operator.ge, "__not__": operator.not_,
    "__and__": operator.and_, "__or__": operator.or_, "__xor__": operator.xor,
    "__contains__": lambda items, item: item in items,
    "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "exp": math.exp, "log": math.log,
    "tanh": math.tanh, "sin": math.sin, "cos": math.cos, "round": round,
    "pow": lambda a, b: float(a) ** b, "min": min, "max": max, "Int": int, "Float": float,
    "Bool": bool, "IntImplicit": int, "FloatImplicit": float, "ScalarImplicit": lambda x: x,
    "numel": lambda x: x, "len": len, "list": list, "format": lambda text, *parts: str(text),
    "keys": list, "values": lambda items: list(items.values()),
    "items": lambda items: list(items.items()), "get": lambda items, *key: items.get(*key),
    "copy": list, "select": lambda items, index: items[index],
    "__getitem__": lambda items, index: items[index],
    "slice": lambda items, start=None, end=None, step=1: items[start:end:step],
    "__range_length": lambda low, high, step: len(range(low, high, step)),
    "__derive_index": lambda index, start, step: start + index * step,
    "all": all, "any": any, "rangelist": lambda n: list(range(min(n, MAX_SIZE + 1))),
}
CHANGES = frozenset(("_set_item", "append", "clear", "extend", "insert", "pop", "reverse", "sort"))


_FLAT = frozenset(("__contains__", "eq", "ge", "gt", "le", "lt", "max", "min", "ne"))


def _flat(value: Any) -> bool:
    return not isinstance(value, list | tuple) or not any(
        isinstance(item, list | tuple | dict) for item in value)


def known(op: str) -> bool:
    """Whether an op has a meaning for plain values."""
    return op in _MATH or op in CHANGES or op == "_set_item"


def compute(op: str, arguments: list[Any]) -> Any:
    """The value of an op.

    Raises:
        TypeError, ValueError, LookupError, ArithmeticError: the arguments do not fit, or the
            result is larger than any policy needs.
    """
    if op in _FLAT and not all(map(_flat, arguments)):
        raise TypeError("lists in lists are compared")  # which could be 2^60 of them
    if op == "mul" and any(isinstance(a, list | tuple | str | dict) for a in arguments):
        items, count = arguments
        if not isinstance(items, list) or type(count) is not int or (
                len(items) * count > MAX_SIZE):
            raise ValueError("a list is repeated too often")
    if op == "_set_item":
        arguments[0][arguments[1]] = arguments[2]
        return arguments[0]
    if op in CHANGES:
        done = getattr(arguments[0], op)(*arguments[1:])
        result = done if op == "pop" else arguments[0]
    else:
        result = _MATH[op](*arguments)
    if isinstance(result, int) and abs(result) >= 1 << 63:
        raise OverflowError("a number leaves 64 bits")
    if isinstance(result, list | str) and len(result) > MAX_SIZE:
        raise ValueError("a list or text is too long")
    return result
