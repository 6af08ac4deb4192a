# SPDX-License-Identifier: MIT
"""Mask: logits of which only some choices may be taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Quantization, Value


def lowest(dtype: str) -> tuple[float, float]:
    """What a forbidden choice has, and the least that one that may be taken has."""
    if dtype == "float32":
        limits = np.finfo(np.float32)
        return float(limits.min), float(np.nextafter(limits.min, np.float32(0)))
    bottom = int(np.iinfo(dtype).min)
    return bottom, bottom + 1


@register
@dataclass(frozen=True, kw_only=True)
class Mask(Op):
    """The lowest number of the dtype for what is forbidden and for nothing else.

    So that a forbidden choice is below every other one, whatever the logits are: no number that is
    subtracted from them is large enough for all.

    Attributes:
        x: logits; float32, int8 or int16.
        mask: as many elements, of any dtype; one of at least 0.5 counts as 1, any other as 0.
        y: x's shape and dtype.
        forbids: 1 stands for what is forbidden; else for what may be taken.
    """

    x: str
    mask: str
    y: str
    forbids: bool = False

    INPUTS: ClassVar = ("x", "mask")
    IN_PLACE: ClassVar = (("x", "y"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape of the logits."""
        x, mask = inputs
        assert x is not None and mask is not None
        if x.size != mask.size:
            raise ProgramError(f"a mask of {mask.shape} for logits of {x.shape}", where=self.layer)
        return (x.shape,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """Scale and zero point stay; the lowest integer stands for no number."""
        x = inputs[0]
        assert x is not None
        qparams = x.quantization
        return (None if qparams is None else replace(qparams, low=int(lowest(x.dtype)[0])),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A logit that is the lowest number itself becomes the next one; NaN stays, to be told."""
        x, mask = inputs
        assert x is not None and mask is not None
        bottom, least = (x.dtype.type(number) for number in lowest(str(x.dtype)))
        allowed = (mask.reshape(x.shape) >= 0.5) != self.forbids
        return (np.where(allowed, np.where(x == bottom, least, x), bottom),)
