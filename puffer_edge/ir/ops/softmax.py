# SPDX-License-Identifier: MIT
"""Softmax over one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import ordered
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Softmax(Op):
    """``y = exp(x - max) / sum(exp(x - max))`` along ``axis``.

    Attributes:
        x, y: any shape.
        axis: non-negative.
    """

    x: str
    y: str
    axis: int

    INPUTS: ClassVar = ("x",)
    IN_PLACE: ClassVar = (("x", "y"),)
    SHARES: ClassVar = True

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        (x,) = inputs
        assert x is not None
        return (x.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The sum runs along the axis from 0; each element is divided by it."""
        from puffer_edge.ir.functions.exponential import exp_f32

        (x,) = inputs
        assert x is not None
        rows = np.moveaxis(x, self.axis, -1)
        powers = exp_f32(rows - ordered.largest(rows))
        y = powers / ordered.total(powers)
        return (np.ascontiguousarray(np.moveaxis(y, -1, self.axis)),)
