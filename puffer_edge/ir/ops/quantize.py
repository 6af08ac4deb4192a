# SPDX-License-Identifier: MIT
"""Quantize: the observation as integers, each feature with its own scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class Quantize(Op):
    """``y = floor(clamp(x * factor + offset) + 1/2)``.

    Features of an observation differ in size by orders of magnitude, so each has its own factor;
    the layer after it has the inverse in its weights.

    Attributes:
        x: [..., K] float32.
        factor: constant [K] float32, integers per unit.
        offset: constant [K] float32.
        y: [..., K] integers.
        dtype: int8 or int16.
        low, high: the integers are clamped to these.
    """

    x: str
    factor: str
    offset: str
    y: str
    dtype: str
    low: int
    high: int

    INPUTS: ClassVar = ("x", "factor", "offset")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        x, factor, offset = inputs
        assert x is not None and factor is not None and offset is not None
        if not factor.shape == offset.shape == x.shape[-1:]:
            raise ProgramError(f"factor {factor.shape} does not fit {x.shape}", where=self.layer)
        return (x.shape,)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """Scale 1: the features' scales are in the weights of the next layer."""
        return (Quantization(1.0, 0, self.low, self.high),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """32768.5 makes the number positive, so that cutting off its fraction rounds it."""
        x, factor, offset = inputs
        assert x is not None and factor is not None and offset is not None
        with np.errstate(over="ignore"):
            v = np.asarray(x * factor + offset, np.float32)
        v = np.where(v > np.float32(self.low), v, np.float32(self.low))
        v = np.where(v < np.float32(self.high), v, np.float32(self.high))
        raised = np.asarray(v + np.float32(32768.5), np.float32)
        return ((np.trunc(raised).astype(np.int32) - 32768).astype(self.dtype),)
