# SPDX-License-Identifier: MIT
"""L2Normalization over the last axes: L2 and RMS norms."""

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
class L2Normalization(Op):
    """``y = x / max(floor, sqrt(sum of x^2 + epsilon))``, or of the mean of x^2.

    With a floor and without epsilon it is ``torch.nn.functional.normalize``; with the mean and
    epsilon it is the RMS norm (B. Zhang, R. Sennrich, Root Mean Square Layer Normalization, 2019),
    whose factors are a product of their own.

    Attributes:
        x, y: [..., D...].
        axis: first normalised axis, non-negative.
        mean: of the squares, and not their sum.
        epsilon: added to it.
        floor: the root is at least that.
    """

    x: str
    y: str
    axis: int
    mean: bool = False
    epsilon: float = 0.0
    floor: float = 0.0

    INPUTS: ClassVar = ("x",)
    IN_PLACE: ClassVar = (("x", "y"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        (x,) = inputs
        assert x is not None
        if not 0 <= self.axis < len(x.shape):
            raise ProgramError(f"{x.shape} has no axis {self.axis}", where=self.layer)
        return (x.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The squares are summed from 0; one division per row."""
        from puffer_edge.ir.functions.roots import sqrt_f32

        (x,) = inputs
        assert x is not None
        rows = x.reshape(-1, prod(x.shape[self.axis :]))
        squares = ordered.total(rows * rows)
        if self.mean:
            squares = squares / np.float32(rows.shape[1])
        root = sqrt_f32(np.asarray(squares + np.float32(self.epsilon), np.float32))
        floor = np.float32(self.floor)
        factor = np.float32(1) / np.where(root > floor, root, floor)
        return ((rows * factor).reshape(x.shape),)
