# SPDX-License-Identifier: MIT
"""Table: an elementwise function in integers, made on the host and looked up on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.lookup import lookup
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class Table(Op):
    """``y = table[(x - low) >> bits]``, and a straight line to the next entry where bits > 0.

    Attributes:
        x: any shape, int8 or int16.
        table: constant int16; 256 entries for ``bits`` = 0, else one more than there are segments.
        y: x's shape.
        low: smallest x.
        bits: width of a segment, as a power of two.
        dtype: of y.
        quantization: of y.
    """

    x: str
    table: str
    y: str
    low: int
    bits: int
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("x", "table")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        x, table = inputs
        assert x is not None and table is not None and x.quantization is not None
        last = ((x.quantization.high - self.low) >> self.bits) + (1 if self.bits else 0)
        if x.quantization.low < self.low or last >= table.size:
            raise ProgramError("the table does not reach all inputs", where=self.layer)
        return (x.shape,)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """As chosen by calibration."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Differences of entries have 17 bits, a fraction at most 8: 25 bits at most."""
        x, table = inputs
        assert x is not None and table is not None
        return (lookup(table, x.astype(np.int64) - self.low, self.bits).astype(self.dtype),)
