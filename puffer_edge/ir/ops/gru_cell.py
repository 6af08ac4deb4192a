# SPDX-License-Identifier: MIT
"""GRUCell: one step of a GRU, torch's gate order r, z, n (ONNX has z, r, h)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir import ordered
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class GRUCell(Op):
    """``h' = n + sigmoid(z) * (h - n)``, ``n = tanh(n_x + sigmoid(r) * n_h)``.

    Formula: torch.nn.GRUCell; ONNX's GRU with linear_before_reset = 1.

    Attributes:
        x: [1, I].
        h: [1, H], hidden state before the step.
        weight: constant [3H, I], torch's ``weight_ih``.
        recurrent: constant [3H, H], torch's ``weight_hh``.
        bias, recurrent_bias: constant [3H], or absent.
        y: [1, H], hidden state after the step.
    """

    x: str
    h: str
    weight: str
    recurrent: str
    bias: str = ""
    recurrent_bias: str = ""
    y: str

    INPUTS: ClassVar = ("x", "h", "weight", "recurrent", "bias", "recurrent_bias")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The output has the shape of h."""
        x, h, weight, recurrent, bias, recurrent_bias = inputs
        assert x and h and weight and recurrent
        hidden = h.shape[-1]
        biases = [b.shape for b in (bias, recurrent_bias) if b is not None]
        fits = (x.shape[0] == 1 and h.shape == (1, hidden)
                and weight.shape == (3 * hidden, x.shape[-1])
                and recurrent.shape == (3 * hidden, hidden)
                and all(shape == (3 * hidden,) for shape in biases))
        if not fits:
            raise ProgramError(f"x {x.shape}, h {h.shape}, weight {weight.shape} and recurrent "
                               f"{recurrent.shape} do not fit", where=self.layer)
        return (h.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """R and z: one sum from both biases over x, then h; n: two sums, as r gates only one."""
        from puffer_edge.ir.functions.hyperbolic import sigmoid_f32, tanh_f32

        x, h, weight, recurrent, bias, recurrent_bias = inputs
        assert x is not None and h is not None and weight is not None and recurrent is not None
        hidden = h.shape[-1]
        zero = np.zeros(3 * hidden, np.float32)
        b_x = zero if bias is None else bias
        b_h = zero if recurrent_bias is None else recurrent_bias
        gates = slice(0, 2 * hidden)
        last = slice(2 * hidden, 3 * hidden)
        rz = ordered.dot(x, weight[gates], b_x[gates] + b_h[gates])
        r, z = np.split(ordered.dot(h, recurrent[gates], rz), 2, axis=-1)
        n_x = ordered.dot(x, weight[last], b_x[last])
        n_h = ordered.dot(h, recurrent[last], b_h[last])
        n = tanh_f32(n_x + sigmoid_f32(r) * n_h)
        return (n + sigmoid_f32(z) * (h - n),)

    def scratch(self, inputs: Sequence[Value | None]) -> int:
        """The gates r, z, n_x and n_h."""
        h = inputs[1]
        assert h is not None
        return 4 * h.size

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """3H * (I + H)."""
        weight, recurrent = inputs[2:4]
        assert weight is not None and recurrent is not None
        return weight.size + recurrent.size
