# SPDX-License-Identifier: MIT
"""Binary: elementwise arithmetic of two tensors with ONNX's broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


def _minimum(a: Array, b: Array) -> Array:
    return np.where(a < b, a, b)


def _maximum(a: Array, b: Array) -> Array:
    return np.where(a > b, a, b)


ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": _minimum,  # a compare and a choice, as in C: np.minimum treats NaN and -0.0 otherwise
    "max": _maximum,
}


@register
@dataclass(frozen=True, kw_only=True)
class Binary(Op):
    """``y = a function b`` elementwise.

    Attributes:
        a, b: shapes that broadcast (numpy's rule).
        y: the broadcast shape.
        function: a key of :data:`ARITHMETIC`.
    """

    a: str
    b: str
    y: str
    function: str

    INPUTS: ClassVar = ("a", "b")
    IN_PLACE: ClassVar = (("a", "y"), ("b", "y"))

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Numpy's broadcasting."""
        a, b = inputs
        assert a is not None and b is not None
        try:
            return (np.broadcast_shapes(a.shape, b.shape),)
        except ValueError:
            raise ProgramError(f"{a.shape} and {b.shape} do not broadcast",
                               where=self.layer) from None

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """Float32 arithmetic; a division by zero gives an infinity, as in C."""
        a, b = inputs
        assert a is not None and b is not None
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return (np.asarray(ARITHMETIC[self.function](a, b), np.float32),)
