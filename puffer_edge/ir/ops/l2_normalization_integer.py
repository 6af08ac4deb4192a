# SPDX-License-Identifier: MIT
"""L2NormalizationInteger: rows of integers divided by their norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.reciprocal_root import LARGEST_ROW, SHIFTS, over_root
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class L2NormalizationInteger(Op):
    """``y = 2^15 d / sqrt(max(floor, added + sum of d^2))`` with ``d = x - zero_point``, by rows.

    See ``reciprocal_root.over_root``.

    Attributes:
        x: [..., D...], int8 or int16.
        added, floor: constant [13] int32, by the shift k of d: what is added to the squares, and
            the least that they come to, at least 1, in squares of x's steps and over 4^k.
        table: constant [193] int16, see ``reciprocal_root.root_table``.
        y: x's shape, int16.
        axis: first normalised axis.
        zero_point: of x.
        shift: smallest k, with which both are below 2^29.
        quantization: of y.
    """

    x: str
    added: str
    floor: str
    table: str
    y: str
    axis: int
    zero_point: int
    shift: int
    quantization: Quantization

    INPUTS: ClassVar = ("x", "added", "floor", "table")

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
        """By the number of elements where the mean of the squares is meant."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """In int64, asserting that nothing leaves 31 bits."""
        x, added, floor, table = (each.astype(np.int64) for each in inputs if each is not None)
        rows = x.reshape(-1, prod(x.shape[self.axis :])) - self.zero_point
        y = over_root(rows, added, floor, table, self.shift, self.layer)
        return (y.astype(np.int16).reshape(x.shape),)
