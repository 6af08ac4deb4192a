# SPDX-License-Identifier: MIT
"""Gather: elements of one axis at constant indices, such as a reordered observation."""

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
class Gather(Op):
    """``y[..., i, ...] = x[..., indices[i], ...]`` along ``axis``.

    Attributes:
        x: any rank.
        y: x with ``axis`` as long as ``indices``.
        indices: non-negative, below the axis' size.
        axis: non-negative.
    """

    x: str
    y: str
    indices: tuple[int, ...]
    axis: int

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Every index must lie inside."""
        (x,) = inputs
        assert x is not None
        if any(not 0 <= index < x.shape[self.axis] for index in self.indices):
            raise ProgramError(f"an index leaves axis {self.axis} of {x.shape}", where=self.layer)
        return ((*x.shape[: self.axis], len(self.indices), *x.shape[self.axis + 1 :]),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A copy."""
        (x,) = inputs
        assert x is not None
        return (np.take(x, np.array(self.indices), axis=self.axis),)
