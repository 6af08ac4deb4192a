# SPDX-License-Identifier: MIT
"""LayerNormalization over the last axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir import ordered
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class LayerNormalization(Op):
    """``y = (x - mean) / sqrt(variance + epsilon) * scale + bias`` (biased variance).

    Attributes:
        x, y: [..., D...].
        scale, bias: constant [D...], bias may be absent.
        axis: first normalised axis, non-negative.
        epsilon: added to the variance.
    """

    x: str
    scale: str
    bias: str = ""
    y: str
    axis: int
    epsilon: float = 1e-5

    INPUTS: ClassVar = ("x", "scale", "bias")
    IN_PLACE: ClassVar = (("x", "y"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays; scale and bias have the normalised axes' shape."""
        x, scale, bias = inputs
        assert x is not None and scale is not None
        inner = x.shape[self.axis :]
        if scale.shape != inner or (bias is not None and bias.shape != inner):
            raise ProgramError(f"scale {scale.shape} does not fit {x.shape}", where=self.layer)
        return (x.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Two passes: the mean, then the variance around it; one division per row."""
        from puffer_edge.ir.functions.roots import sqrt_f32

        x, scale, bias = inputs
        assert x is not None and scale is not None
        width = prod(x.shape[self.axis :])
        rows = x.reshape(-1, width)
        count = np.float32(width)
        centred = rows - ordered.total(rows) / count
        variance = ordered.total(centred * centred) / count
        spread = np.asarray(variance + np.float32(self.epsilon), np.float32)
        factor = np.float32(1) / sqrt_f32(spread)
        y = centred * factor * scale.reshape(-1)
        if bias is not None:
            y = y + bias.reshape(-1)
        return (y.reshape(x.shape),)
