# SPDX-License-Identifier: MIT
"""LSTMCell: one step of an LSTM, torch's gate order i, f, g, o (ONNX has i, o, f, c)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir import flushed
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class LSTMCell(Op):
    """``c' = sigmoid(f) * c + sigmoid(i) * tanh(g)``, ``h' = sigmoid(o) * tanh(c')``.

    Formula: torch.nn.LSTMCell; (i, f, g, o) = weight @ x + recurrent @ h + bias.

    Attributes:
        x: [1, I].
        h, c: [1, H], hidden and cell state before the step.
        weight: constant [4H, I], torch's ``weight_ih``.
        recurrent: constant [4H, H], torch's ``weight_hh``.
        bias: constant [4H], the sum of torch's two biases, or absent.
        y_h, y_c: [1, H], hidden and cell state after the step.
        flush: subnormal numbers in the sums are zeros; see :mod:`puffer_edge.ir.flushed`.
    """

    x: str
    h: str
    c: str
    weight: str
    recurrent: str
    bias: str = ""
    y_h: str
    y_c: str
    flush: bool = False

    INPUTS: ClassVar = ("x", "h", "c", "weight", "recurrent", "bias")
    OUTPUTS: ClassVar = ("y_h", "y_c")
    IN_PLACE: ClassVar = (("c", "y_c"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Both outputs have the shape of h."""
        x, h, c, weight, recurrent, bias = inputs
        assert x and h and c and weight and recurrent
        hidden = h.shape[-1]
        fits = (x.shape[0] == 1 and h.shape == c.shape == (1, hidden)
                and weight.shape == (4 * hidden, x.shape[-1])
                and recurrent.shape == (4 * hidden, hidden)
                and (bias is None or bias.shape == (4 * hidden,)))
        if not fits:
            raise ProgramError(f"x {x.shape}, h {h.shape}, weight {weight.shape} and recurrent "
                               f"{recurrent.shape} do not fit", where=self.layer)
        return h.shape, c.shape

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Sums start at the bias, then x, then h."""
        from puffer_edge.ir.functions.hyperbolic import sigmoid_f32, tanh_f32

        x, h, c, weight, recurrent, bias = inputs
        assert (x is not None and h is not None and c is not None and weight is not None
                and recurrent is not None)
        dot = flushed.dot_of(self.flush)
        gates = dot(x, weight, np.float32(0) if bias is None else bias)
        i, f, g, o = np.split(dot(h, recurrent, gates), 4, axis=-1)
        y_c = sigmoid_f32(f) * c + sigmoid_f32(i) * tanh_f32(g)
        return sigmoid_f32(o) * tanh_f32(y_c), y_c

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """4H * (I + H)."""
        weight, recurrent = inputs[3:5]
        assert weight is not None and recurrent is not None
        return weight.size + recurrent.size
