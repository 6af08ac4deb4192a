# SPDX-License-Identifier: MIT
"""What the analysis of a function knows about a value: its class, and the range of an integer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

SMALL_LOW, SMALL_HIGH = -(1 << 30), (1 << 30) - 1
"""What a 32-bit port keeps in the pointer itself; any other integer is an object on the heap."""
BEYOND = 1 << 256
"""Bounds further out are not told apart: a low one stays here, a high one is infinite."""
LONGEST = (1 << 26) - 1
"""Elements; no microcontroller holds a longer sequence."""

Number = int | float
"""Bounds: integers, or an infinity."""

STORED = {"b": (-128, 127), "B": (0, 255),
          "h": (-(1 << 15), (1 << 15) - 1), "H": (0, (1 << 16) - 1),
          "i": (-(1 << 31), (1 << 31) - 1), "I": (0, (1 << 32) - 1),
          "l": (-(1 << 31), (1 << 31) - 1), "L": (0, (1 << 32) - 1),
          "q": (-(1 << 63), (1 << 63) - 1), "Q": (0, (1 << 64) - 1)}


@dataclass(frozen=True)
class Value:
    """An abstract value.

    Attributes:
        kind: int, float, str, tuple...; module, class, function, instance; unknown.
        low: of an int.
        high: of an int.
        code: the type code of an array.
        items: of a tuple whose elements are known one by one.
        element: of a sequence, what any element is.
        length: bounds of the number of elements.
        name: of a module or native function, dotted.
        node: of a function or class in the files given, or of the class of an instance.
    """

    kind: str
    low: Number = -math.inf
    high: Number = math.inf
    code: str = ""
    items: tuple[Value, ...] | None = None
    element: Value | None = None
    length: tuple[int, int] = (0, LONGEST)
    name: str = ""
    node: object = None

    @property
    def is_int(self) -> bool:
        """An int for certain; bools count."""
        return self.kind == "int"

    @property
    def small(self) -> bool:
        """An int that needs no object for certain."""
        return self.is_int and self.low >= SMALL_LOW and self.high <= SMALL_HIGH

    @property
    def bounded(self) -> bool:
        """An int with two finite bounds."""
        return self.is_int and not (math.isinf(self.low) or math.isinf(self.high))

    def exact(self) -> int | None:
        """The number, where there is only one."""
        return int(self.low) if self.is_int and self.low == self.high else None

    def join(self, other: Value) -> Value:
        """What is known of a value that is one or the other."""
        if self == other:
            return self
        if self.kind != other.kind or self.kind == "unknown":
            return UNKNOWN
        if self.is_int:
            return integer(min(self.low, other.low), max(self.high, other.high))
        if self.node is not other.node or self.name != other.name:
            return UNKNOWN
        items = None
        if self.items is not None and other.items is not None and len(self.items) == len(
                other.items):
            items = tuple(a.join(b) for a, b in zip(self.items, other.items, strict=True))
        return Value(self.kind, code=self.code if self.code == other.code else "?", items=items,
                     element=self.any_element().join(other.any_element()),
                     length=(min(self.length[0], other.length[0]),
                             max(self.length[1], other.length[1])),
                     name=self.name, node=self.node)

    def any_element(self) -> Value:
        """What every element of the value is."""
        if self.element is not None:
            return self.element
        if self.items is not None:
            return union(self.items) if self.items else UNKNOWN
        if self.kind in ("bytes", "bytearray"):
            return integer(0, 255)
        if self.kind == "str":
            return STRING
        if self.kind == "array":
            if self.code in ("f", "d"):
                return FLOAT
            if self.code in STORED:
                return integer(*STORED[self.code])
        if self.kind == "range":
            return integer(self.low, self.high)
        return UNKNOWN

    def clipped(self, low: Number, high: Number) -> Value:
        """The value, when its range is known to be inside of [low, high]."""
        if not self.is_int:
            return integer(low, high) if self.kind in ("unknown", "float") else self
        return integer(max(self.low, low), min(self.high, high))

    def widened(self, old: Value) -> Value:
        """The value with infinite bounds where it has grown beyond the old one."""
        if not (self.is_int and old.is_int):
            return self
        return integer(self.low if self.low >= old.low else _next_low(self.low),
                       self.high if self.high <= old.high else _next_high(self.high))

    def described(self) -> str:
        """The range as text."""
        return f"[{_text(self.low)}, {_text(self.high)}]"

    def with_length(self, low: int, high: int) -> Value:
        """The same with another number of elements."""
        return replace(self, length=(max(self.length[0], low), min(self.length[1], high)))


def integer(low: Number, high: Number) -> Value:
    """An int between two bounds; an empty range is kept as it is."""
    if not -BEYOND <= low <= BEYOND:
        low = BEYOND if low > 0 else -math.inf
    if not -BEYOND <= high <= BEYOND:
        high = math.inf if high > 0 else -BEYOND
    return Value("int", low, high)


def union(values: tuple[Value, ...]) -> Value:
    """What is known of a value that is one of these."""
    result = values[0]
    for value in values[1:]:
        result = result.join(value)
    return result


def _next_low(low: Number) -> Number:
    return next((mark for mark in (0, -(1 << 15), SMALL_LOW, -(1 << 31)) if low >= mark), -math.inf)


def _next_high(high: Number) -> Number:
    return next((mark for mark in (0, 127, 255, LONGEST, SMALL_HIGH, (1 << 31) - 1)
                 if high <= mark), math.inf)


def _text(bound: Number) -> str:
    if isinstance(bound, float):
        return "-inf" if bound < 0 else "inf"
    if abs(bound) < 1 << 64:
        return str(bound)
    return f"{'-' if bound < 0 else ''}2**{abs(bound).bit_length() - 1}"


UNKNOWN = Value("unknown")
INT = Value("int")
BOOL = integer(0, 1)
FLOAT = Value("float")
STRING = Value("str")
NONE = Value("none")
