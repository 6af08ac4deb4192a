# SPDX-License-Identifier: MIT
"""GemmInteger: a linear layer in integers, per-channel weights, requantised per row."""

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
from puffer_edge.ir.requantization import requantize
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class GemmInteger(Op):
    """``y[n] = clamp(requantize(bias[n] + sum over k of weight[n, k] * x[k]) + zero_point)``.

    Attributes:
        x: [..., K] int8 or int16; its zero point is already in the bias.
        weight: constant [N, K] int8 or int16.
        bias: constant [N] int32.
        requantization: constant [N, 3] int32: multiplier, pre-shift, shift.
        y: [..., N] of x's dtype, or int16.
        dtype: of y.
        quantization: of y.
    """

    x: str
    weight: str
    bias: str
    requantization: str
    y: str
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("x", "weight", "bias", "requantization")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """[..., K] and [N, K] give [..., N]."""
        x, weight, bias, requantization = inputs
        assert x is not None and weight is not None and bias is not None and requantization
        rows, columns = weight.shape
        if (x.shape[-1], bias.shape, requantization.shape) != (columns, (rows,), (rows, 3)):
            raise ProgramError(f"x {x.shape} does not fit weight {weight.shape}", where=self.layer)
        return ((*x.shape[:-1], rows),)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """As chosen by calibration."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Asserting that no sum, in whatever order, leaves 31 bits."""
        x, weight, bias, requantization = inputs
        assert x is not None and weight is not None and bias is not None
        assert requantization is not None
        multiplier, pre_shift, shift = requantization.astype(np.int64).T
        y = requantize(integer_sums(x, weight, bias, self.layer), multiplier, pre_shift, shift)
        qparams = self.quantization
        return (np.clip(y + qparams.zero_point, qparams.low, qparams.high).astype(self.dtype),)

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """M * N * K."""
        x, weight = inputs[:2]
        assert x is not None and weight is not None
        return prod(x.shape[:-1]) * weight.size
