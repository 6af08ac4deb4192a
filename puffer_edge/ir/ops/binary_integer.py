# SPDX-License-Identifier: MIT
"""BinaryInteger: elementwise arithmetic of two tensors in integers, with ONNX's broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.requantization import LIMIT, requantize
from puffer_edge.ir.value import Quantization, Value

INTEGER_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}


@register
@dataclass(frozen=True, kw_only=True)
class BinaryInteger(Op):
    """``y = clamp(requantize(u function v) + zero_point)``, u and v the operands in a common unit.

    ``u = (a * factor + bias) >> shift``, and v of b with factors of its own; the zero point and the
    rounding are in the bias. What a sum is made of comes to one unit, what a product is made of to
    15 bits around 0.

    Attributes:
        a, b: int8 or int16, shapes that broadcast (numpy's rule); constants are int16.
        y: the broadcast shape.
        function: a key of :data:`INTEGER_ARITHMETIC`; a subtraction adds a negative factor.
        factors: constant [2, 3] int32: factor, bias and shift of a, then of b.
        output: constant [3] int32: multiplier, pre-shift and shift to y.
        dtype, quantization: of y.
    """

    a: str
    b: str
    factors: str
    output: str
    y: str
    function: str
    dtype: str
    quantization: Quantization

    INPUTS: ClassVar = ("a", "b", "factors", "output")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """Numpy's broadcasting."""
        a, b = inputs[:2]
        assert a is not None and b is not None
        try:
            return (np.broadcast_shapes(a.shape, b.shape),)
        except ValueError:
            raise ProgramError(f"{a.shape} and {b.shape} do not broadcast",
                               where=self.layer) from None

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """The chosen integer."""
        return (self.dtype,)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """As chosen by calibration."""
        return (self.quantization,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """In int64, asserting that nothing leaves 31 bits, whatever the operands."""
        a, b, factors, output = (x.astype(np.int64) for x in inputs if x is not None)
        u, v = (self._in_units(x, *row) for x, row in zip((a, b), factors, strict=True))
        y = requantize(INTEGER_ARITHMETIC[self.function](u, v), *output)
        qparams = self.quantization
        y = np.clip(y + qparams.zero_point, qparams.low, qparams.high)
        return (y.astype(self.dtype),)

    def _in_units(self, x: Array, factor: Array, bias: Array, shift: Array) -> Array:
        if int((np.abs(x) * np.abs(factor)).max() + np.abs(bias)) > LIMIT:
            raise ProgramError("an operand leaves 31 bits: the range proof is wrong",
                               where=self.layer)
        return np.asarray((x * factor + bias) >> shift)
