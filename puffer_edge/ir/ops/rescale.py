# SPDX-License-Identifier: MIT
"""Rescale: integers of one scale as integers of another, each feature by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.requantization import LIMIT
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class Rescale(Op):
    """``y = clamp((x * multiplier + bias) >> shift, low, high)``.

    It takes in what a sensor counts: every int16 (int8) that a caller may give is in range, and
    what is too large for the layer after it saturates. The rounding is in the bias.

    Attributes:
        x: any shape, int8 or int16.
        factors: constant [K, 5] int32: multiplier, bias, shift, low, high; K is the size of x, or
            1 where all features are alike.
        y: x's shape.
        dtype: of y, int8 or int16.
        low, high: of all features.
    """

    x: str
    factors: str
    y: str
    dtype: str
    low: int
    high: int

    INPUTS: ClassVar = ("x", "factors")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        x, factors = inputs
        assert x is not None and factors is not None
        if factors.shape not in ((x.size, 5), (1, 5)):
            raise ProgramError(f"factors {factors.shape} do not fit {x.shape}", where=self.layer)
        return (x.shape,)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """As of Quantize: the features' scales are in the weights of the next layer."""
        return (Quantization(1.0, 0, self.low, self.high),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """In int64, asserting that nothing leaves 31 bits, whatever the integer."""
        x, factors = inputs
        assert x is not None and factors is not None
        multiplier, bias, shift, low, high = factors.astype(np.int64).T
        largest = -int(np.iinfo(x.dtype).min)
        if int((largest * multiplier + np.abs(bias)).max()) > LIMIT:
            raise ProgramError("a count can leave 31 bits", where=self.layer)
        y = (x.reshape(-1).astype(np.int64) * multiplier + bias) >> shift
        return (np.clip(y, low, high).astype(self.dtype).reshape(x.shape),)
