# SPDX-License-Identifier: MIT
"""Gemm: ``y = activation(x @ weight.T + bias)``, ONNX's Gemm with transB = 1, alpha = beta = 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir import flushed
from puffer_edge.ir.op import Activation, Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Gemm(Op):
    """A linear layer.

    Attributes:
        x: [..., K].
        weight: constant [N, K], as torch stores it.
        bias: constant [N], or absent.
        y: [..., N].
        activation: applied to every element of y.
        flush: subnormal numbers in the sums are zeros; see :mod:`puffer_edge.ir.flushed`.
    """

    x: str
    weight: str
    bias: str = ""
    y: str
    activation: Activation | None = None
    flush: bool = False

    INPUTS: ClassVar = ("x", "weight", "bias")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """[..., K] and [N, K] give [..., N]."""
        x, weight, bias = inputs
        assert x is not None and weight is not None
        if len(weight.shape) != 2 or not x.shape or x.shape[-1] != weight.shape[1]:
            raise ProgramError(f"x {x.shape} does not fit weight {weight.shape}", where=self.layer)
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ProgramError(f"bias {bias.shape} does not fit weight {weight.shape}",
                               where=self.layer)
        return ((*x.shape[:-1], weight.shape[0]),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The sum starts at the bias and runs over k upwards."""
        x, weight, bias = inputs
        assert x is not None and weight is not None
        y = flushed.dot_of(self.flush)(x, weight, np.float32(0) if bias is None else bias)
        return (self.activation(y) if self.activation else y,)

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """M * N * K."""
        x, weight = inputs[:2]
        assert x is not None and weight is not None
        return prod(x.shape[:-1]) * weight.size
