# SPDX-License-Identifier: MIT
"""Conv: 1-D and 2-D cross-correlation with ONNX's strides, pads, dilations and groups."""

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
from puffer_edge.ir.patches import patches
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Conv(Op):
    """``y[m] = activation(bias[m] + sum over c, i, j of weight[m, c, i, j] * x[c, ...])``.

    Attributes:
        x: [N, C, H, W] (or [N, C, L]).
        weight: constant [M, C / group, kH, kW] (or [M, C / group, k]).
        bias: constant [M], or absent.
        y: [N, M, H', W'].
        strides, dilations: one per spatial axis.
        pads: ONNX's order, all begins and then all ends.
        group: number of groups.
        activation: applied to every element of y.
        flush: subnormal numbers in the sums are zeros; see :mod:`puffer_edge.ir.flushed`.
    """

    x: str
    weight: str
    bias: str = ""
    y: str
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    dilations: tuple[int, ...]
    group: int = 1
    activation: Activation | None = None
    flush: bool = False

    INPUTS: ClassVar = ("x", "weight", "bias")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """floor((size + pads - dilation * (k - 1) - 1) / stride) + 1 per spatial axis."""
        x, weight, bias = inputs
        assert x is not None and weight is not None
        rank = len(x.shape) - 2
        if rank not in (1, 2) or len(weight.shape) != rank + 2:
            raise ProgramError(f"x {x.shape} does not fit weight {weight.shape}", where=self.layer)
        channels, filters = x.shape[1], weight.shape[0]
        if channels != weight.shape[1] * self.group or filters % self.group:
            raise ProgramError(f"{channels} channels do not fit weight {weight.shape} in "
                               f"{self.group} groups", where=self.layer)
        if bias is not None and bias.shape != (filters,):
            raise ProgramError(f"bias {bias.shape} does not fit weight {weight.shape}",
                               where=self.layer)
        spatial = tuple(
            (x.shape[2 + a] + self.pads[a] + self.pads[a + rank]
             - self.dilations[a] * (weight.shape[2 + a] - 1) - 1) // self.strides[a] + 1
            for a in range(rank))
        return ((x.shape[0], filters, *spatial),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Sums from the bias over channels, rows, columns; padding is multiplied like data."""
        x, weight, bias = inputs
        assert x is not None and weight is not None
        seen = patches(x, weight.shape[2:], self.strides, self.pads, self.dilations, 0.0)
        *shape, channels, taps = seen.shape
        depth, filters = channels // self.group, len(weight) // self.group
        y = np.empty((*shape, len(weight)), np.float32)
        for g in range(self.group):
            part = seen[..., g * depth : (g + 1) * depth, :].reshape(*shape, depth * taps)
            rows = slice(g * filters, (g + 1) * filters)
            start = np.float32(0) if bias is None else bias[rows]
            dot = flushed.dot_of(self.flush)
            y[..., rows] = dot(part, weight[rows].reshape(filters, -1), start)
        y = np.ascontiguousarray(np.moveaxis(y, -1, 1))
        return (self.activation(y) if self.activation else y,)

    def scratch(self, inputs: Sequence[Value | None]) -> int:
        """What one output pixel sees."""
        weight = inputs[1]
        assert weight is not None
        return prod(weight.shape[1:])

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """Every tap of every output, padding included."""
        x, weight = inputs[:2]
        assert x is not None and weight is not None
        (shape,) = self.infer(inputs)
        return prod(shape) * prod(weight.shape[1:])
