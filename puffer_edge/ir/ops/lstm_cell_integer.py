# SPDX-License-Identifier: MIT
"""LSTMCellInteger: one step of an LSTM in integers, gates and cell in 16 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.gates import gate_sums, sigmoid, tanh
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.requantization import requantize
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class LSTMCellInteger(Op):
    """See :class:`LSTMCell` for the formula; gate order i, f, g, o.

    Gate sums of x and of h are requantised apart, to 2^-12 for g and 2^-11 for i, f, o, and added.
    One table serves all: tanh(g), and sigmoid(a) = (1 + tanh(a / 2)) / 2. Gates have 15 bits,
    tanh values 14, the cell 16 with the scale 2^-cell_bits.

    Attributes:
        x: [1, I]. h: [1, H]. c: [1, H] int16.
        weight, recurrent: constant [4H, I] and [4H, H].
        bias: constant [4H] int32, to the sum over x; ``recurrent_bias`` to that over h.
        requantization, recurrent_requantization: constant [4H, 3] int32.
        table: constant int16, see :data:`puffer_edge.ir.gates.TANH_ENTRIES`.
        output: constant [3] int32: multiplier, pre-shift and shift from o * tanh(c') to h.
        y_h, y_c: as h and c.
        cell_bits: fractional bits of the cell.
        quantization: of h.
    """

    x: str
    h: str
    c: str
    weight: str
    recurrent: str
    bias: str
    recurrent_bias: str
    requantization: str
    recurrent_requantization: str
    table: str
    output: str
    y_h: str
    y_c: str
    cell_bits: int
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("x", "h", "c", "weight", "recurrent", "bias", "recurrent_bias",
                        "requantization", "recurrent_requantization", "table", "output")
    OUTPUTS: ClassVar = ("y_h", "y_c")
    IN_PLACE: ClassVar = (("c", "y_c"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Both outputs have the shape of h."""
        x, h, c, weight, recurrent = inputs[:5]
        assert x and h and c and weight and recurrent
        hidden = h.shape[-1]
        if weight.shape != (4 * hidden, x.shape[-1]) or recurrent.shape != (4 * hidden, hidden):
            raise ProgramError(f"x {x.shape} and h {h.shape} do not fit", where=self.layer)
        return h.shape, c.shape

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """H as chosen, c in 16 bits."""
        return self.dtype, "int16"

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """C has a power of two as its scale."""
        return self.quantization, Quantization(2.0**-self.cell_bits, 0, -32768, 32767)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Every product is below 2^30: 15 + 15 bits for f * c, 15 + 14 for the others."""
        arrays = [array.astype(np.int64) for array in inputs if array is not None]
        x, h, c, weight, recurrent, bias, recurrent_bias, q_x, q_h, table, output = arrays
        sums = (gate_sums(x, weight, bias, q_x, self.layer)
                + gate_sums(h, recurrent, recurrent_bias, q_h, self.layer))
        i, f, g, o = np.split(np.clip(sums, -32768, 32767), 4, axis=-1)
        kept = (sigmoid(table, f) * c + (1 << 14)) >> 15
        added = (sigmoid(table, i) * tanh(table, g) + (1 << (28 - self.cell_bits))) >> (
            29 - self.cell_bits)
        y_c = np.clip(kept + added, -32768, 32767)
        product = sigmoid(table, o) * self._squashed_cell(table, y_c)
        y_h = requantize(product, *output) + self.quantization.zero_point
        y_h = np.clip(y_h, self.quantization.low, self.quantization.high)
        return y_h.astype(self.dtype), y_c.astype(np.int16)

    def _squashed_cell(self, table: Array, c: Array) -> Array:
        shift = self.cell_bits - 12  # to the table's 12 fractional bits
        scaled = (c + (1 << shift >> 1)) >> shift if shift >= 0 else c << -shift
        return tanh(table, np.clip(scaled, -32768, 32767))

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """4H * (I + H)."""
        weight, recurrent = inputs[3:5]
        assert weight is not None and recurrent is not None
        return weight.size + recurrent.size
