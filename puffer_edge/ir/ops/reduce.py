# SPDX-License-Identifier: MIT
"""Reduce: mean, sum, max or min over axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir import ordered
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Reduce(Op):
    """The axes must be adjacent, so that the device sees [outer, reduced, inner].

    Attributes:
        x: any rank.
        y: x with the axes as 1, or without them.
        function: mean, sum, max or min.
        axes: ascending, adjacent, non-negative.
        keep: keep the axes as 1.
    """

    x: str
    y: str
    function: str
    axes: tuple[int, ...]
    keep: bool = True

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Reduced axes become 1 or vanish."""
        (x,) = inputs
        assert x is not None
        if self.axes != tuple(range(self.axes[0], self.axes[0] + len(self.axes))):
            raise ProgramError(f"axes {self.axes} are not adjacent", where=self.layer)
        if self.axes[-1] >= len(x.shape):
            raise ProgramError(f"axes {self.axes} leave {x.shape}", where=self.layer)
        if self.keep:
            return (tuple(1 if a in self.axes else n for a, n in enumerate(x.shape)),)
        return (tuple(n for a, n in enumerate(x.shape) if a not in self.axes),)

    def blocks(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(outer, reduced, inner) for an input shape."""
        first, last = self.axes[0], self.axes[-1]
        return prod(shape[:first]), prod(shape[first : last + 1]), prod(shape[last + 1 :])

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Sequential along the reduced axis; the mean is the sum divided by the count."""
        (x,) = inputs
        assert x is not None
        (shape,) = self.infer([Value("x", x.shape)])
        rows = np.moveaxis(x.reshape(self.blocks(x.shape)), 1, 2)
        if self.function in ("max", "min"):
            choose = ordered.largest if self.function == "max" else ordered.smallest
            y = choose(rows)[..., 0]
        else:
            y = ordered.total(rows)[..., 0]
            if self.function == "mean":
                y = y / np.float32(rows.shape[-1])
        return (y.reshape(shape).astype(np.float32),)
