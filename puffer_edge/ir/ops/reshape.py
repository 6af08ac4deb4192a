# SPDX-License-Identifier: MIT
"""Reshape: the same elements under another shape; Flatten, Squeeze and Unsqueeze are this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Reshape(Op):
    """Costs nothing on the device: the output lies where the input does.

    Attributes:
        x: any shape.
        y: ``shape``, of as many elements.
        shape: static.
    """

    x: str
    y: str
    shape: tuple[int, ...]

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The number of elements stays."""
        (x,) = inputs
        assert x is not None
        if prod(self.shape) != x.size:
            raise ProgramError(f"{x.shape} cannot become {self.shape}", where=self.layer)
        return (self.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Row-major order."""
        (x,) = inputs
        assert x is not None
        return (x.reshape(self.shape),)
