# SPDX-License-Identifier: MIT
"""LayerNormalizationInteger: rows of integers brought to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.reciprocal_root import LARGEST_ROW, SHIFTS, in_range, over_root
from puffer_edge.ir.requantization import requantize
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class LayerNormalizationInteger(Op):
    """``y = (x - mean) / sqrt(variance + epsilon)``, by its own largest number a row of n.

    ::

        S = sum of (x - zero_point),   m = requantize(S),   mean = m + requantize(S - n m)
        d = x - zero_point - mean
        y = 2^15 d / sqrt(max(1, epsilon + sum of d^2)), as ``reciprocal_root.over_root`` says

    1 in y is ``sqrt(n) / 2^15``.

    Attributes:
        x: [..., D...], int8 or int16.
        mean: constant [3] int32: multiplier, pre-shift and shift of a division by n.
        epsilon: constant [13] int32, by k: ``n * epsilon / (scale of x)^2 / 4^k``.
        table: constant [193] int16, see ``reciprocal_root.root_table``.
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
        in_range(np.abs(rows).sum(1), self.layer)
        nearly = requantize(total, *factors)  # the factor has 15 bits only
        in_range(count * nearly, self.layer)
        d = rows - nearly - requantize(total - count * nearly, *factors)
        y = over_root(d, epsilon, np.ones_like(epsilon), table, self.shift, self.layer)
        return (y.astype(np.int16).reshape(x.shape),)
