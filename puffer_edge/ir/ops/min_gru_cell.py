# SPDX-License-Identifier: MIT
"""MinGRUCell: one step of PufferLib 4's MinGRU, a layer with a highway around it."""

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
class MinGRUCell(Op):
    """``h' = h + sigmoid(g) * (c - h)``, ``y = x + sigmoid(p) * (h' - x)``.

    (a, g, p) = weight @ x; the candidate ``c = a + 1/2`` for a >= 0, ``sigmoid(a)`` below, so that
    a state that starts at 0 never gets below. The gates do not read h: what the layer remembers is
    a weighted mean of the candidates.

    Formula: L. Feng et al., Were RNNs All We Needed?, 2024, appendix B; the highway is PufferLib's.

    Attributes:
        x: [1, H].
        h: [1, H], state before the step.
        weight: constant [3H, H], rows a (hidden), g (gate), p (projection, of the highway).
        y: [1, H], what the next layer reads.
        y_h: [1, H], state after the step.
    """

    x: str
    h: str
    weight: str
    y: str
    y_h: str

    INPUTS: ClassVar = ("x", "h", "weight")
    OUTPUTS: ClassVar = ("y", "y_h")
    IN_PLACE: ClassVar = (("x", "y"), ("h", "y_h"))

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Both outputs have the shape of h."""
        x, h, weight = inputs
        assert x and h and weight
        hidden = h.shape[-1]
        if not x.shape == h.shape == (1, hidden) or weight.shape != (3 * hidden, hidden):
            raise ProgramError(f"x {x.shape}, h {h.shape} and weight {weight.shape} do not fit",
                               where=self.layer)
        return x.shape, h.shape

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """The candidate is ``max(a, 0) + sigmoid(min(a, 0))``, as sigmoid(0) is 1/2."""
        from puffer_edge.ir.functions.hyperbolic import sigmoid_f32

        x, h, weight = inputs
        assert x is not None and h is not None and weight is not None
        a, g, p = np.split(ordered.dot(x, weight, np.float32(0)), 3, axis=-1)
        zero = np.float32(0)
        candidate = np.where(a > zero, a, zero) + sigmoid_f32(np.where(a < zero, a, zero))
        after = h + sigmoid_f32(g) * (candidate - h)
        return x + sigmoid_f32(p) * (after - x), after

    def scratch(self, inputs: Sequence[Value | None]) -> int:
        """The gates a, g and p."""
        h = inputs[1]
        assert h is not None
        return 3 * h.size

    def macs(self, inputs: Sequence[Value | None]) -> int:
        """3H * H."""
        weight = inputs[2]
        assert weight is not None
        return weight.size
