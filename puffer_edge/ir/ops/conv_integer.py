# SPDX-License-Identifier: MIT
"""ConvInteger: a convolution in integers, per-filter weights, requantised per filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.integer_sums import integer_sums
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.ops.conv import Conv
from puffer_edge.ir.patches import patches
from puffer_edge.ir.requantization import requantize
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class ConvInteger(Op):
    """``y = clamp(requantize(bias[m] + sum of weight[m, c, i, j] * x[c, ...]) + zero_point)``.

    Attributes:
        x: [1, C, H, W] or [1, C, L], int8 or int16; its zero point is in the bias, and is what
            padding is made of.
        weight: constant [M, C / group, kH, kW] or [M, C / group, k], int8 or int16.
        bias: constant [M] int32.
        requantization: constant [M, 3] int32: multiplier, pre-shift, shift.
        y: [1, M, H', W'].
        strides, pads, dilations, group: see :class:`Conv`.
        padding: the integer of real 0.
        dtype, quantization: of y.
    """

    x: str
    weight: str
    bias: str
    requantization: str
    y: str
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    dilations: tuple[int, ...]
    group: int
    padding: int
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("x", "weight", "bias", "requantization")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """As Conv."""
        x, weight, bias, requantization = inputs
        assert weight is not None and bias is not None and requantization is not None
        filters = weight.shape[0]
        if (bias.shape, requantization.shape) != ((filters,), (filters, 3)):
            raise ProgramError(f"the bias does not fit weight {weight.shape}", where=self.layer)
        return self._conv().infer([x, weight, None])

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """As chosen by calibration."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Asserting that no sum, in whatever order, leaves 31 bits."""
        x, weight, bias, requantization = (a.astype(np.int64) for a in inputs if a is not None)
        seen = patches(x, weight.shape[2:], self.strides, self.pads, self.dilations, self.padding)
        *out, channels, taps = seen.shape[1:]
        depth, filters = channels // self.group, len(weight) // self.group
        sums = np.empty((*out, len(weight)), np.int64)
        for g in range(self.group):
            part = seen[0, ..., g * depth : (g + 1) * depth, :].reshape(*out, depth * taps)
            rows = slice(g * filters, (g + 1) * filters)
            matrix = weight[rows].reshape(filters, -1)
            sums[..., rows] = integer_sums(part, matrix, bias[rows], self.layer)
        qparams = self.quantization
        y = requantize(sums, *requantization.T) + qparams.zero_point
        y = np.clip(np.moveaxis(y, -1, 0), qparams.low, qparams.high)
        return (np.ascontiguousarray(y[None]).astype(self.dtype),)

    def scratch(self, inputs: Sequence[Value | None]) -> int:
        """What two output pixels see, in 16 bits each."""
        weight = inputs[1]
        assert weight is not None
        depth = prod(weight.shape[1:])
        return depth + depth % 2

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """Every tap of every output, padding included."""
        return self._conv().macs([*inputs[:2], None])

    def _conv(self) -> Conv:
        return Conv(x=self.x, weight=self.weight, y=self.y, strides=self.strides, pads=self.pads,
                    dilations=self.dilations, group=self.group, layer=self.layer)
