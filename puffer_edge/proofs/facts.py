# SPDX-License-Identifier: MIT
"""What a proof knows of a Program: the range of every value, and intervals of integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir import Program
from puffer_edge.ir.op import Op
from puffer_edge.ir.requantization import LIMIT
from puffer_edge.ir.value import Quantization, Value

LARGEST_SHIFT = 30


@dataclass(frozen=True)
class Interval:
    """Integers from ``low`` to ``high``, both included."""

    low: int
    high: int

    @property
    def largest(self) -> int:
        """Largest magnitude."""
        return max(abs(self.low), abs(self.high))

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Interval) -> Interval:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def __rshift__(self, shift: int) -> Interval:
        return Interval(self.low >> shift, self.high >> shift)

    def within(self, other: Interval) -> bool:
        """Whether all of it lies in another one."""
        return other.low <= self.low and self.high <= other.high


def around(magnitude: int) -> Interval:
    """From its negative to the number."""
    return Interval(-magnitude, magnitude)


def limits_of(value: Value) -> Interval:
    """What an integer value's dtype holds."""
    limits = np.iinfo(value.dtype)
    return Interval(int(limits.min), int(limits.max))


@dataclass(frozen=True)
class Facts:
    """The Program, and what is asked of it on behalf of one op.

    Every question that is not answered with yes raises ProgramError.
    """

    program: Program
    op: Op

    def of(self, name: str) -> Interval:
        """The range of an integer value: a constant's own, else the declared one."""
        if name in self.program.constants:
            array = self.program.constants[name]
            return Interval(int(array.min()), int(array.max()))
        value = self.program.values[name]
        if value.quantization is not None:
            return Interval(value.quantization.low, value.quantization.high)
        return limits_of(value)

    def constant(self, name: str) -> Array:
        """An array of the Program, in 64 bits."""
        self.require(name in self.program.constants, "is no constant", name)
        return self.program.constants[name].astype(np.int64)

    def require(self, holds: Any, what: str, where: str = "") -> None:
        """Raises ProgramError where something does not hold."""
        if not holds:
            raise ProgramError(f"{type(self.op).__name__} is not in range: {where or 'it'} {what}",
                               where=self.op.layer)

    def small(self, interval: Interval, what: str) -> Interval:
        """An intermediate, which must have 31 bits."""
        self.require(interval.within(Interval(-LIMIT - 1, LIMIT)), "leaves 31 bits", what)
        return interval

    def shift(self, number: int, what: str = "a shift") -> int:
        """A number of bits to shift by."""
        self.require(0 <= number <= LARGEST_SHIFT, f"is by {number} bits", what)
        return number

    def declared(self, name: str, qparams: Quantization) -> None:
        """A result that is clamped to what is declared, which its dtype must hold."""
        limits = limits_of(self.program.values[name])
        self.require(limits.low <= qparams.low <= qparams.high <= limits.high,
                     "is declared wider than its dtype", "the result")
        self.require(abs(qparams.zero_point) <= 1 << 16, "is too large", "the zero point")

    def scaled(self, x: Interval, row: Array, what: str) -> Interval:
        """``(x * factor + bias) >> shift`` of a row of three."""
        factor, bias, shift = (int(number) for number in row)
        self.small(around(x.largest * abs(factor) + abs(bias)), what)
        return (x * Interval(factor, factor) + Interval(bias, bias)) >> self.shift(shift)

    def requantized(self, total: Interval, row: Array, what: str = "a sum") -> Interval:
        """See ``ir.requantization``, of one triple."""
        multiplier, pre_shift, shift = (int(number) for number in row)
        self.require(abs(multiplier) < 1 << 15, "has more than 16 bits", "a multiplier")
        first = 1 << self.shift(pre_shift) >> 1
        second = 1 << self.shift(shift) >> 1
        moved = self.small(total + Interval(first, first), what) >> pre_shift
        product = moved * Interval(multiplier, multiplier) + Interval(second, second)
        return self.small(product, what) >> shift

    def sums(self, x: Interval, weight: str, bias: str, requantization: str) -> list[Interval]:
        """``requantize(bias + weight @ x)`` row by row; the weights' first axis is the rows'."""
        matrix = self.constant(weight)
        matrix = matrix.reshape(len(matrix), -1)
        added, triples = self.constant(bias), self.constant(requantization)
        reach = np.abs(matrix).sum(1) * x.largest + np.abs(added)
        self.small(around(int(reach.max())), "a sum")
        ends = np.maximum(matrix, 0).sum(1), np.minimum(matrix, 0).sum(1)
        low = ends[0] * x.low + ends[1] * x.high + added
        high = ends[0] * x.high + ends[1] * x.low + added
        return [self.requantized(Interval(int(least), int(most)), row)
                for least, most, row in zip(low, high, triples, strict=True)]

    def table(self, name: str, ours: Array) -> None:
        """A table that is the same for every policy, but for roundings of another computer."""
        found, ours = self.constant(name), ours.astype(np.int64)
        self.require(found.shape == ours.shape and ours.min() <= found.min()
                     and found.max() <= ours.max() and np.abs(found - ours).max() <= 1,
                     "is not the one that export writes", "a table")
