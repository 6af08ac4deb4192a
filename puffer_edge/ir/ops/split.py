# SPDX-License-Identifier: MIT
"""Split: a tensor cut into parts along an axis."""

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
class Split(Op):
    """Variadic.

    Attributes:
        x: any rank.
        ys: the parts, in order.
        sizes: their sizes along ``axis``; they add up to x's.
        axis: non-negative.
    """

    x: str
    ys: tuple[str, ...]
    sizes: tuple[int, ...]
    axis: int

    INPUTS: ClassVar = ("x",)
    OUTPUTS: ClassVar = ("ys",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """One shape per part."""
        (x,) = inputs
        assert x is not None
        if sum(self.sizes) != x.shape[self.axis] or len(self.sizes) != len(self.ys):
            raise ProgramError(f"{x.shape} cannot be split into {self.sizes}", where=self.layer)
        return tuple((*x.shape[: self.axis], size, *x.shape[self.axis + 1 :])
                     for size in self.sizes)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Copies."""
        (x,) = inputs
        assert x is not None
        parts = np.split(x, np.cumsum(self.sizes)[:-1], axis=self.axis)
        return tuple(np.ascontiguousarray(part) for part in parts)
