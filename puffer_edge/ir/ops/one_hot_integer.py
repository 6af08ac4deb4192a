# SPDX-License-Identifier: MIT
"""OneHotInteger: OneHot of a category in integers, with an integer for 1."""

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
class OneHotInteger(Op):
    """``y[..., i] = quantization.high where x == i, else 0``; what is no category gives zeros.

    Attributes:
        x: any shape, integers that are the categories themselves.
        y: x's shape with one more axis, the last one.
        classes: its size.
        dtype: of y.
        quantization: of y; its high stands for 1.
    """

    x: str
    y: str
    classes: int
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """One more axis."""
        (x,) = inputs
        assert x is not None
        if self.classes < 1:
            raise ProgramError("there are no categories", where=self.layer)
        return ((*x.shape, self.classes),)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """As chosen."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """One comparison per class."""
        (x,) = inputs
        assert x is not None
        found = x[..., None] == np.arange(self.classes)
        return (np.where(found, self.quantization.high, 0).astype(self.dtype),)
