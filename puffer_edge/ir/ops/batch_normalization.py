# SPDX-License-Identifier: MIT
"""BatchNormalization with the statistics of training: a scale and a shift per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value

LARGEST_SHIFT = 64.0
"""With a larger shift ``x * scale + shift`` is the difference of two large numbers: the product is
rounded by up to 2^-24 of it, 4e-6. ``(x - mean) * scale`` is rounded by 2^-24 of the result."""


@register
@dataclass(frozen=True, kw_only=True)
class BatchNormalization(Op):
    """``y = x * scale + shift`` per channel (axis 1).

    Front ends compute ``scale = gamma / sqrt(variance + epsilon)`` and
    ``shift = beta - mean * scale`` in float64; observation normalisers (VecNormalize, rsl_rl) are
    the same op on the features of the observation. Usually folded into the linear layer after it
    or before it.

    Attributes:
        x, y: [N, C, ...].
        scale, shift: constant [C].
    """

    x: str
    scale: str
    shift: str
    y: str

    INPUTS: ClassVar = ("x", "scale", "shift")
    IN_PLACE: ClassVar = (("x", "y"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        x, scale, shift = inputs
        assert x is not None and scale is not None and shift is not None
        if len(x.shape) < 2 or not scale.shape == shift.shape == (x.shape[1],):
            raise ProgramError(f"scale {scale.shape} does not fit {x.shape}", where=self.layer)
        return (x.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A product and a sum, each rounded."""
        x, scale, shift = inputs
        assert x is not None and scale is not None and shift is not None
        channel = (-1, *(1,) * (x.ndim - 2))
        return (x * scale.reshape(channel) + shift.reshape(channel),)
