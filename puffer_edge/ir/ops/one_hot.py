# SPDX-License-Identifier: MIT
"""OneHot: categories as vectors with a single one; with a Gemm after it, an embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class OneHot(Op):
    """``y[..., i] = 1 where i <= x < i + 1, else 0``; a number that is no category gives zeros.

    Attributes:
        x: any shape, whole numbers as float32.
        y: x's shape with one more axis, the last one.
        classes: its size.
    """

    x: str
    y: str
    classes: int

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """One more axis."""
        (x,) = inputs
        assert x is not None
        if self.classes < 1:
            raise ProgramError("there are no categories", where=self.layer)
        return ((*x.shape, self.classes),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Two comparisons, which are exact."""
        (x,) = inputs
        assert x is not None
        low = np.arange(self.classes, dtype=np.float32)
        return (((x[..., None] >= low) & (x[..., None] < low + 1)).astype(np.float32),)
