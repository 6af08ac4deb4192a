# SPDX-License-Identifier: MIT
"""Pad: a constant border around a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Pad(Op):
    """ONNX's Pad, mode constant, pads of at least 0.

    Attributes:
        x: any rank.
        y: x with its borders.
        begins, ends: elements added per axis.
        value: what they hold.
    """

    x: str
    y: str
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    value: float = 0.0

    INPUTS: ClassVar = ("x",)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Each axis grows by its two pads."""
        (x,) = inputs
        assert x is not None
        return (tuple(size + begin + end for size, begin, end
                      in zip(x.shape, self.begins, self.ends, strict=True)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """A copy."""
        (x,) = inputs
        assert x is not None
        width = list(zip(self.begins, self.ends, strict=True))
        return (np.pad(x, width, constant_values=np.float32(self.value)),)
