# SPDX-License-Identifier: MIT
"""Flags: a mask as integers 0 and 1."""

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
class Flags(Op):
    """``y = x >= limit``.

    Attributes:
        x: float32, int8 or int16.
        y: x's shape, int8.
        limits: of each element, or one of all.
    """

    x: str
    y: str
    limits: tuple[float, ...] = (0.5,)

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        (x,) = inputs
        assert x is not None
        if len(self.limits) not in (1, x.size):
            raise ProgramError(f"{len(self.limits)} limits for {x.shape}", where=self.layer)
        return (x.shape,)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """A byte."""
        return ("int8",)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """They stand for themselves."""
        return (Quantization(1.0, 0, 0, 1),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A comparison."""
        (x,) = inputs
        assert x is not None
        limits = np.array(self.limits, np.float64)
        return ((x.reshape(-1) >= limits).astype(np.int8).reshape(x.shape),)
