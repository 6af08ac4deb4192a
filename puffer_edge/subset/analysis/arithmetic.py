# SPDX-License-Identifier: MIT
"""Ranges of integer operations: the smallest interval that holds every result."""

from __future__ import annotations

import ast
import itertools
import math

from puffer_edge.subset.analysis.values import (
    FLOAT,
    INT,
    SMALL_HIGH,
    SMALL_LOW,
    UNKNOWN,
    Number,
    Value,
    integer,
)

MOST_SHIFT = 4096
"""A shift by more is reported as unbounded instead of being computed."""


def binary(operator: ast.operator, left: Value, right: Value) -> Value:
    """What ``left operator right`` is."""
    if left.kind in SEQUENCES or right.kind in SEQUENCES:
        return _sequence(operator, left, right)
    kinds = {left.kind, right.kind}
    if isinstance(operator, ast.Div) or ("float" in kinds and kinds <= {"float", "int", "unknown"}):
        return FLOAT
    if isinstance(operator, ast.Pow) and left.is_int and right.is_int and right.high < 0:
        return FLOAT
    if not kinds <= {"int", "unknown"}:
        return UNKNOWN
    result = _integers(operator, _guess(left), _guess(right))
    return result if "unknown" not in kinds or result.small else UNKNOWN


def _integers(operator: ast.operator, left: Value, right: Value) -> Value:
    if isinstance(operator, ast.BitAnd):
        return _and(left, right)
    return integer(*_RANGES[type(operator)](left, right)) if type(operator) in _RANGES else INT


def _guess(value: Value) -> Value:
    """What comes from outside is taken for a small integer; what it grows to is not."""
    return integer(SMALL_LOW, SMALL_HIGH) if value.kind == "unknown" else value


SEQUENCES = {"str", "bytes", "bytearray", "list", "tuple", "array", "dict", "set"}


def negated(value: Value) -> Value:
    """Minus value."""
    return integer(-value.high, -value.low) if value.is_int else value


def inverted(value: Value) -> Value:
    """~value."""
    return integer(-1 - value.high, -1 - value.low) if value.is_int else value


def absolute(value: Value) -> Value:
    """abs(value)."""
    if not value.is_int:
        return value
    least = 0 if value.low <= 0 <= value.high else min(abs(value.low), abs(value.high))
    return integer(least, max(abs(value.low), abs(value.high)))


def _sequence(operator: ast.operator, left: Value, right: Value) -> Value:
    if isinstance(operator, ast.Mod) and left.kind in ("str", "bytes"):
        return Value(left.kind)
    if isinstance(operator, ast.Add | ast.Mult):
        one = left if left.kind in SEQUENCES else right
        return Value(one.kind, code=one.code, element=one.element)
    return UNKNOWN


def _add(a: Value, b: Value) -> tuple[Number, Number]:
    return a.low + b.low, a.high + b.high


def _sub(a: Value, b: Value) -> tuple[Number, Number]:
    return a.low - b.high, a.high - b.low


def _corners(a: Value, b: Value) -> tuple[Number, Number]:
    products = [times(x, y) for x, y in itertools.product((a.low, a.high), (b.low, b.high))]
    return min(products), max(products)


def times(x: Number, y: Number) -> Number:
    """The product of two bounds; zero times infinity is zero."""
    return 0 if x == 0 or y == 0 else x * y


def _counts(shift: Value) -> tuple[Number, Number]:
    """How far a shift goes; a negative count raises ValueError, so that there is no result."""
    return max(0, shift.low), max(0, shift.high)


def _shift_left(a: Value, b: Value) -> tuple[Number, Number]:
    factors = [math.inf if count > MOST_SHIFT else 1 << int(count) for count in _counts(b)]
    ends = [times(bound, factor) for bound in (a.low, a.high) for factor in factors]
    return min(ends), max(ends)


def _shift_right(a: Value, b: Value) -> tuple[Number, Number]:
    low, high = _counts(b)
    ends = [_shifted(bound, count) for bound in (a.low, a.high) for count in (low, high)]
    return min(ends), max(ends)


def _shifted(bound: Number, count: Number) -> Number:
    if isinstance(count, float) or count > MOST_SHIFT:
        return -1 if bound < 0 else 0
    return bound if isinstance(bound, float) else bound >> count


def _floor_divide(a: Value, b: Value) -> tuple[Number, Number]:
    divisors = [bound for bound in (b.low, b.high, 1, -1) if bound and b.low <= bound <= b.high]
    if not divisors:
        return 0, 0
    ends: list[Number] = []
    for bound, divisor in itertools.product((a.low, a.high), divisors):
        if isinstance(divisor, float):
            ends += [0, -1]
        elif isinstance(bound, float):
            ends.append(bound if divisor > 0 else -bound)
        else:
            ends.append(bound // divisor)
    return min(ends), max(ends)


def _modulo(a: Value, b: Value) -> tuple[Number, Number]:
    low = b.low + 1 if b.low < 0 else 0
    high = b.high - 1 if b.high > 0 else 0
    if a.low >= 0 and b.low >= 0:
        high = min(high, a.high)
        if a.high < b.low:
            low = a.low
    return low, high


def _and(a: Value, b: Value) -> Value:
    if a.low >= 0 and b.low >= 0:
        return integer(0, min(a.high, b.high))
    if a.low >= 0 or b.low >= 0:
        return integer(0, a.high if a.low >= 0 else b.high)
    return integer(-_mask(min(a.low, b.low)) - 1, max(a.high, b.high, 0))


def _or(a: Value, b: Value) -> tuple[Number, Number]:
    mask = max(_mask(bound) for bound in (a.low, a.high, b.low, b.high))
    if a.low >= 0 and b.low >= 0:
        return 0, mask
    return -mask - 1, mask


def _mask(bound: Number) -> Number:
    if isinstance(bound, float):
        return math.inf
    return (1 << (bound if bound >= 0 else ~bound).bit_length()) - 1


def _power(a: Value, b: Value) -> tuple[Number, Number]:
    if b.low < 0 or b.high > 64 or math.isinf(a.low) or math.isinf(a.high):
        return -math.inf, math.inf
    ends = [int(bound) ** int(count) for bound in (a.low, a.high) for count in (b.low, b.high)]
    if a.low <= 0 <= a.high:
        ends.append(0)
    if a.low < 0:
        largest = int(max(abs(a.low), abs(a.high))) ** int(b.high)
        ends += [largest, -largest]
    return min(ends), max(ends)


_RANGES = {ast.Add: _add, ast.Sub: _sub, ast.Mult: _corners, ast.LShift: _shift_left,
           ast.RShift: _shift_right, ast.FloorDiv: _floor_divide, ast.Mod: _modulo,
           ast.BitOr: _or, ast.BitXor: _or, ast.Pow: _power}
