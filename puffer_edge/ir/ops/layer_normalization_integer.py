"""LayerNormalizationInteger: rows of integers brought to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Array, Op, register
from puffer_edge.ir.requantization import LIMIT, requantize
from puffer_edge.ir.value import Quantization, Value

LARGEST_ROW = 1 << 14
"""Elements of a row, whose sum and whose squares must stay in 31 bits."""

SHIFTS = 13
"""Entries of ``epsilon``: deviations are shifted by 0 to 12 before they are squared."""

SEGMENTS = 192
"""Of the table, between 2^28 and 2^30."""


def square_bits(count: int) -> int:
    """Bits of deviations of which ``count`` squares stay below 2^29."""
    return (29 - (count - 1).bit_length()) // 2


def root_table() -> Array:
    """``T[j] = 2^29 / sqrt(2^28 + j 2^22)``, [193] int16, at most 2^15 - 1."""
    ends = 2.0**28 + np.arange(SEGMENTS + 1) * 2.0**22
    return np.asarray(np.minimum(np.floor(2.0**29 / np.sqrt(ends) + 0.5), 32767), np.int16)


@register
@dataclass(frozen=True, kw_only=True)
class LayerNormalizationInteger(Op):
    """``y = (x - mean) / sqrt(variance + epsilon)``, by its own largest number a row of n.

    ::

        S = sum of (x - zero_point),   m = requantize(S),   mean = m + requantize(S - n m)
        d = x - zero_point - mean
        b = bits of the largest d,  k = max(b - square_bits(n), shift),  k' = max(b - 14, 0)
        W = max(1, epsilon[k] + sum of (d >> k)^2)
        w = W << 2 s in [2^28, 2^30),  R = 2^29 / sqrt(w), of the table by straight lines
        y = clamp16(((d >> k') * R) >> (14 + k - k' - s))

    Shifts are rounded; the bits of a negative number are those of its complement. 1 in y is
    ``sqrt(n) / 2^15``.

    Attributes:
        x: [..., D...], int8 or int16.
        mean: constant [3] int32: multiplier, pre-shift and shift of a division by n.
        epsilon: constant [13] int32, by k: ``n * epsilon / (scale of x)^2 / 4^k``.
        table: constant [193] int16, see :func:`root_table`.
        y: x's shape, int16.
        axis: first normalised axis.
        zero_point: of x.
        shift: smallest k, with which epsilon is below 2^29.
        quantization: of y.
    """

    x: str
    mean: str
    epsilon: str
    table: str
    y: str
    axis: int
    zero_point: int
    shift: int
    quantization: Quantization

    INPUTS: ClassVar = ("x", "mean", "epsilon", "table")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        x = inputs[0]
        assert x is not None
        if not 1 <= prod(x.shape[self.axis :]) <= LARGEST_ROW or not 0 <= self.shift < SHIFTS:
            raise ProgramError(f"rows of {x.shape[self.axis:]} cannot be normalised in 31 bits",
                               where=self.layer)
        return (x.shape,)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """Always 16 bits."""
        return ("int16",)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """By the number of elements."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """In int64, asserting that nothing leaves 31 bits."""
        x, factors, epsilon, table = (each.astype(np.int64) for each in inputs
                                      if each is not None)
        count = prod(x.shape[self.axis :])
        rows = x.reshape(-1, count) - self.zero_point
        total = rows.sum(1, keepdims=True)
        _in_range(np.abs(rows).sum(1), self.layer)
        nearly = requantize(total, *factors)  # the factor has 15 bits only
        _in_range(count * nearly, self.layer)
        d = rows - nearly - requantize(total - count * nearly, *factors)
        b = _bits(np.bitwise_or.reduce(d ^ (d >> 63), axis=1))[:, None]
        k, fine = np.maximum(b - square_bits(count), self.shift), np.maximum(b - 14, 0)
        squares = _shifted(d, k) ** 2
        whole = np.maximum(squares.sum(1, keepdims=True) + epsilon[k], 1)
        _in_range(whole, self.layer)
        s = (30 - _bits(whole)) >> 1
        t = (whole << 2 * s) - 2**28
        index, fraction = t >> 22, t >> 8 & 16383
        root = table[index] - ((table[index] - table[index + 1]) * fraction + 8192 >> 14)
        product = _shifted(d, fine) * root
        shift = 14 + k - fine - s
        _in_range(product + (1 << shift >> 1), self.layer)
        y = np.clip(_shifted(product, shift), -32768, 32767)
        return (y.astype(np.int16).reshape(x.shape),)


def _bits(x: Array) -> Array:
    """Bits of non-negative integers, exact below 2^53."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


def _shifted(x: Array, shift: Array) -> Array:
    return np.asarray(x + (1 << shift >> 1) >> shift)


def _in_range(x: Array, layer: str) -> None:
    if int(np.abs(x).max()) > LIMIT:
        raise ProgramError("an integer intermediate leaves 31 bits: the range proof is wrong",
                           where=layer)
