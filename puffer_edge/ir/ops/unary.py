# SPDX-License-Identifier: MIT
"""Unary: an elementwise function of one tensor (Relu, Tanh, Gelu, Exp, Clip...)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from puffer_edge.arrays import Array
from puffer_edge.ir.op import Activation, Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Unary(Op):
    """``y = function(x)`` elementwise; the functions are those of ``ir.functions``.

    Attributes:
        x, y: any shape, float32.
        function: what is applied.
    """

    x: str
    y: str
    function: Activation

    INPUTS: ClassVar = ("x",)
    IN_PLACE: ClassVar = (("x", "y"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        (x,) = inputs
        assert x is not None
        return (x.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The function's numpy twin."""
        (x,) = inputs
        assert x is not None
        return (self.function(x),)
