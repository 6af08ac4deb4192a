# SPDX-License-Identifier: MIT
"""Concat: tensors one after another along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Quantization, Value


@register
@dataclass(frozen=True, kw_only=True)
class Concat(Op):
    """Variadic.

    Attributes:
        xs: of one shape but for ``axis``.
        y: their concatenation.
        axis: non-negative.
    """

    xs: tuple[str, ...]
    y: str
    axis: int

    INPUTS: ClassVar = ("xs",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Sizes add up along the axis; all others are equal."""
        shapes = [value.shape for value in inputs if value is not None]
        rest = {(*s[: self.axis], *s[self.axis + 1 :]) for s in shapes}
        if not shapes or len(rest) != 1 or not 0 <= self.axis < len(shapes[0]):
            raise ProgramError(f"{shapes} cannot be concatenated", where=self.layer)
        total = sum(shape[self.axis] for shape in shapes)
        return ((*shapes[0][: self.axis], total, *shapes[0][self.axis + 1 :]),)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """That of the parts; a constant part does not know it.

        Where parts have scales of their own, the next layer has them in its weights, as of
        :class:`Quantize`.
        """
        known = [value.quantization for value in inputs
                 if value is not None and value.quantization is not None]
        if all(each == known[0] for each in known):
            return (known[0] if known else None,)
        return (Quantization(1.0, 0, min(each.low for each in known),
                             max(each.high for each in known)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A copy."""
        return (np.concatenate([x for x in inputs if x is not None], axis=self.axis),)
