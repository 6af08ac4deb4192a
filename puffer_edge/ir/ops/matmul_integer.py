# SPDX-License-Identifier: MIT
"""MatMulInteger: the product of two computed tensors in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.reciprocal_root import in_range
from puffer_edge.ir.requantization import requantize
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class MatMulInteger(Op):
    """``y[..., m, n] = clamp(requantize(sum over k of u[..., m, k] v[..., k, n]) + zero_point)``.

    ``u = (a * factor + bias) >> shift``, and v of b alike, as of BinaryInteger: around 0, with as
    many bits as the sum of their products leaves room for.

    Attributes:
        a: [..., M, K], int8 or int16; a constant is int16.
        b: [..., K, N], the same batch dimensions.
        factors: constant [2, 3] int32: factor, bias and shift of a, then of b.
        output: constant [3] int32: multiplier, pre-shift and shift to y.
        y: [..., M, N].
        dtype, quantization: of y.
    """

    a: str
    b: str
    factors: str
    output: str
    y: str
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("a", "b", "factors", "output")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """As of MatMul."""
        a, b = inputs[:2]
        assert a is not None and b is not None
        if not (len(a.shape) == len(b.shape) >= 2 and a.shape[:-2] == b.shape[:-2]
                and a.shape[-1] == b.shape[-2]):
            raise ProgramError(f"{a.shape} and {b.shape} cannot be multiplied", where=self.layer)
        return ((*a.shape[:-1], b.shape[-1]),)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """As chosen by calibration."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """In int64, asserting that nothing leaves 31 bits, whatever the operands."""
        a, b, factors, output = (x.astype(np.int64) for x in inputs if x is not None)
        scaled = []
        for x, (factor, bias, shift) in zip((a, b), factors, strict=True):
            in_range(np.abs(x * factor) + np.abs(bias), self.layer)
            scaled.append((x * factor + bias) >> shift)
        u, v = scaled
        in_range(np.abs(u) @ np.abs(v), self.layer)
        qparams = self.quantization
        y = np.clip(requantize(u @ v, *output) + qparams.zero_point, qparams.low, qparams.high)
        return (y.astype(self.dtype),)

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """M * N * K per batch."""
        a, b = inputs[:2]
        assert a is not None and b is not None
        return a.size * b.shape[-1]
