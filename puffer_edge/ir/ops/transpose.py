# SPDX-License-Identifier: MIT
"""Transpose: axes in another order."""

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
class Transpose(Op):
    """``y.shape[i] = x.shape[permutation[i]]``.

    Attributes:
        x, y: of one rank.
        permutation: ONNX's ``perm``.
    """

    x: str
    y: str
    permutation: tuple[int, ...]

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The permuted shape."""
        (x,) = inputs
        assert x is not None
        if sorted(self.permutation) != list(range(len(x.shape))):
            raise ProgramError(f"{self.permutation} does not permute {x.shape}", where=self.layer)
        return (tuple(x.shape[axis] for axis in self.permutation),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A copy."""
        (x,) = inputs
        assert x is not None
        return (np.ascontiguousarray(x.transpose(self.permutation)),)
