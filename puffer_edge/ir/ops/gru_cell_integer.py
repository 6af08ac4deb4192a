# SPDX-License-Identifier: MIT
"""GRUCellInteger: one step of a GRU in integers, gates and memory in 16 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.gates import gate_sums, sigmoid, tanh
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.requantization import LIMIT, requantize
from puffer_edge.ir.value import Quantization, Value

MEMORY = Quantization(2.0**-14, 0, -32768, 32767)
"""Of the fine hidden state, which tanh keeps within 1."""


@register
@dataclass(frozen=True, kw_only=True)
class GRUCellInteger(Op):
    """See :class:`GRUCell` for the formula; gate order r, z, n.

    Sums over x and over h are requantised apart: to 2^-11 for r and z, to 2^-12 for n over x and to
    2^-reset_bits for n over h, which the reset gate multiplies. Gates have 15 bits, tanh values 14.

    The hidden state is there twice: h has the bits that the range proof leaves to what multiplies
    it, ``memory`` 14 fractional ones, so that slow changes add up. ``memory' = (z * memory +
    (2^15 - z) * n + 2^14) >> 15`` is a weighted mean, so it cannot grow; y is its image.

    Attributes:
        x: [1, I]. h: [1, H]. memory: [1, H] int16.
        weight, recurrent: constant [3H, I] and [3H, H].
        bias: constant [3H] int32, to the sum over x; ``recurrent_bias`` to that over h.
        requantization, recurrent_requantization: constant [3H, 3] int32.
        table: constant int16, see :data:`puffer_edge.ir.gates.TANH_ENTRIES`.
        output: constant [3] int32: multiplier, pre-shift and shift from memory to h.
        y, y_memory: as h and memory.
        reset_bits: fractional bits of the sum over h for n, at most 12.
        quantization: of y.
    """

    x: str
    h: str
    memory: str
    weight: str
    recurrent: str
    bias: str
    recurrent_bias: str
    requantization: str
    recurrent_requantization: str
    table: str
    output: str
    y: str
    y_memory: str
    reset_bits: int
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("x", "h", "memory", "weight", "recurrent", "bias", "recurrent_bias",
                        "requantization", "recurrent_requantization", "table", "output")
    OUTPUTS: ClassVar = ("y", "y_memory")
    IN_PLACE: ClassVar = (("memory", "y_memory"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Both outputs have the shape of h."""
        x, h, memory, weight, recurrent = inputs[:5]
        assert x and h and memory and weight and recurrent
        hidden = h.shape[-1]
        if (weight.shape, recurrent.shape, memory.shape) != (
                (3 * hidden, x.shape[-1]), (3 * hidden, hidden), h.shape):
            raise ProgramError(f"x {x.shape} and h {h.shape} do not fit", where=self.layer)
        return h.shape, h.shape

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """H as chosen, its memory in 16 bits."""
        return self.dtype, "int16"

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """The memory's is fixed."""
        return self.quantization, MEMORY

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Products are below 2^30: 15 by 15 bits, and the weights of a mean add up to 2^15."""
        arrays = [array.astype(np.int64) for array in inputs if array is not None]
        x, h, memory, weight, recurrent, bias, recurrent_bias, q_x, q_h, table, output = arrays
        r_x, z_x, n_x = np.split(gate_sums(x, weight, bias, q_x, self.layer), 3, axis=-1)
        r_h, z_h, n_h = np.split(
            gate_sums(h, recurrent, recurrent_bias, q_h, self.layer), 3, axis=-1)
        r, z = (sigmoid(table, _clamp16(a + b)) for a, b in ((r_x, r_h), (z_x, z_h)))
        gated = (r * _clamp16(n_h) + (1 << self.reset_bits + 2)) >> self.reset_bits + 3
        n = tanh(table, _clamp16(n_x + gated))
        total = z * memory + (32768 - z) * n + (1 << 14)
        if int(np.abs(total).max()) > LIMIT:
            raise ProgramError("a hidden state leaves 31 bits", where=self.layer)
        y_memory = total >> 15
        y = requantize(y_memory, *output) + self.quantization.zero_point
        y = np.clip(y, self.quantization.low, self.quantization.high)
        return y.astype(self.dtype), y_memory.astype(np.int16)

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """3H * (I + H)."""
        weight, recurrent = inputs[3:5]
        assert weight is not None and recurrent is not None
        return weight.size + recurrent.size


def _clamp16(x: Array) -> Array:
    return np.clip(x, -32768, 32767)
