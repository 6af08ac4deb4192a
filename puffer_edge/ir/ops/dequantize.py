"""Dequantize: integers back as real numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.ir.op import Array, Op, register
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class Dequantize(Op):
    """``y = x * scale + offset``.

    Attributes:
        x: any shape, integers.
        scale, offset: rounded to float32.
        y: x's shape, float32.
    """

    x: str
    y: str
    scale: float
    offset: float

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        (x,) = inputs
        assert x is not None
        return (x.shape,)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """Float."""
        return ("float32",)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """None any more."""
        return (None,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A product and a sum, each rounded."""
        (x,) = inputs
        assert x is not None
        return (x.astype(np.float32) * np.float32(self.scale) + np.float32(self.offset),)
