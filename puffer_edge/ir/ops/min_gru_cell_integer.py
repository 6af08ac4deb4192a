# SPDX-License-Identifier: MIT
"""MinGRUCellInteger: one step of a MinGRU with its highway in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.gates import gate_sums, sigmoid
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.requantization import LIMIT, requantize
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class MinGRUCellInteger(Op):
    """See :class:`MinGRUCell` for the formula; rows a, g, p.

    Sums are requantised to 2^-11 for g and p, to 2^-max(bits, 11) for a. The candidate, the state
    and x come to 2^-bits in 16 bits, and both steps are weighted means of two such numbers, with
    weights that add up to 2^15: ``(g * c + (2^15 - g) * h + 2^14) >> 15``.

    Attributes:
        x: [1, H]. h: [1, H] int16.
        weight: constant [3H, H].
        bias: constant [3H] int32, the zero point of x.
        requantization: constant [3H, 3] int32.
        table: constant int16, see :data:`puffer_edge.ir.gates.TANH_ENTRIES`.
        factor: constant [3] int32: ``(x * factor + bias) >> shift`` is x with ``bits``.
        output: constant [3] int32: multiplier, pre-shift and shift to y.
        y, y_h: [1, H].
        bits: fractional bits of the state.
        dtype, quantization: of y.
    """

    x: str
    h: str
    weight: str
    bias: str
    requantization: str
    table: str
    factor: str
    output: str
    y: str
    y_h: str
    bits: int
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("x", "h", "weight", "bias", "requantization", "table", "factor", "output")
    OUTPUTS: ClassVar = ("y", "y_h")
    IN_PLACE: ClassVar = (("h", "y_h"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Both outputs have the shape of h."""
        x, h, weight = inputs[:3]
        assert x and h and weight
        if x.shape != h.shape or weight.shape != (3 * h.size, h.size):
            raise ProgramError(f"x {x.shape} and h {h.shape} do not fit", where=self.layer)
        return h.shape, h.shape

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """Y as chosen, the state in 16 bits."""
        return self.dtype, "int16"

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """The state has a power of two as its scale."""
        return self.quantization, state_qparams(self.bits)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Weights of a mean add up to 2^15 and its numbers are below 2^15."""
        x, h, weight, bias, requantization, table, factor, output = (
            array.astype(np.int64) for array in inputs if array is not None)
        a, g, p = np.split(gate_sums(x, weight, bias, requantization, self.layer), 3, axis=-1)
        y_h = self._mean(sigmoid(table, _clamp(g)), self._candidate(table, a), h)
        scaled = x * factor[0] + factor[1]
        if int((np.abs(x) * np.abs(factor[0])).max() + np.abs(factor[1])) > LIMIT:
            raise ProgramError("the highway leaves 31 bits", where=self.layer)
        y = self._mean(sigmoid(table, _clamp(p)), y_h, _clamp(scaled >> factor[2]))
        y = requantize(y, *output) + self.quantization.zero_point
        y = np.clip(y, self.quantization.low, self.quantization.high)
        return y.astype(self.dtype), y_h.astype(np.int16)

    def _candidate(self, table: Array, a: Array) -> Array:
        """``max(a, 0) + sigmoid(min(a, 0))``, with ``bits``: no branch that data decide."""
        to_state, to_gate = max(11 - self.bits, 0), max(self.bits - 11, 0)
        straight = (np.maximum(a, 0) + (1 << to_state >> 1)) >> to_state
        curved = sigmoid(table, _clamp((np.minimum(a, 0) + (1 << to_gate >> 1)) >> to_gate))
        curved = (curved + (1 << 14 - self.bits)) >> 15 - self.bits
        return np.asarray(np.minimum(straight + curved, 32767))

    def _mean(self, weight: Array, a: Array, b: Array) -> Array:
        total = weight * a + (32768 - weight) * b + (1 << 14)
        if int(np.abs(total).max()) > LIMIT:
            raise ProgramError("a state leaves 31 bits", where=self.layer)
        return np.asarray(total >> 15)

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """3H * H."""
        weight = inputs[2]
        assert weight is not None
        return weight.size


def state_qparams(bits: int) -> Quantization:
    """Of a state with that many fractional bits."""
    return Quantization(2.0**-bits, 0, -32767, 32767)


def _clamp(x: Array) -> Array:
    return np.clip(x, -32767, 32767)
