# SPDX-License-Identifier: MIT
"""Expand: a tensor repeated to a larger shape by numpy's broadcasting."""

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
class Expand(Op):
    """``y = broadcast(x, shape)``.

    Attributes:
        x: broadcastable to ``shape``.
        y: ``shape``.
        shape: static.
    """

    x: str
    y: str
    shape: tuple[int, ...]

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """ONNX's rule: both shapes broadcast to the result, so ``shape`` may hold ones."""
        (x,) = inputs
        assert x is not None
        try:
            return (np.broadcast_shapes(x.shape, self.shape),)
        except ValueError:
            raise ProgramError(f"{x.shape} cannot be expanded to {self.shape}",
                               where=self.layer) from None

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A copy."""
        (x,) = inputs
        assert x is not None
        return (np.broadcast_to(x, np.broadcast_shapes(x.shape, self.shape)).copy(),)
