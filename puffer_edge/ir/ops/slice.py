# SPDX-License-Identifier: MIT
"""Slice: a static window of a tensor; ONNX's Slice with its indices made plain."""

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
class Slice(Op):
    """``y[i, j...] = x[starts[0] + i * steps[0], starts[1] + j * steps[1]...]``.

    Attributes:
        x: any rank.
        y: ``counts``.
        starts, counts, steps: one per axis of x; non-negative starts, counts of at least 1, steps
            of either sign.
    """

    x: str
    y: str
    starts: tuple[int, ...]
    counts: tuple[int, ...]
    steps: tuple[int, ...]

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """First and last index of every axis must lie inside."""
        (x,) = inputs
        assert x is not None
        axes = zip(x.shape, self.starts, self.counts, self.steps, strict=True)
        for size, start, count, step in axes:
            last = start + (count - 1) * step
            if count < 1 or not (0 <= start < size and 0 <= last < size):
                raise ProgramError(f"the slice leaves the shape {x.shape}", where=self.layer)
        return (self.counts,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A copy."""
        (x,) = inputs
        assert x is not None
        for axis, (start, count, step) in enumerate(
                zip(self.starts, self.counts, self.steps, strict=True)):
            x = np.take(x, start + step * np.arange(count), axis=axis)
        return (x,)
