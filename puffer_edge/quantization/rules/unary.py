"""Elementwise functions in integers: tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Unary
from puffer_edge.quantization.linear import grid
from puffer_edge.quantization.rules.registry import Array, rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Unary)
def unary(op: Unary, quantizer: Quantizer) -> None:
    """The function itself, made on the host."""
    def exact(real: Array) -> Array:
        return FUNCTIONS[op.function.function].exact(real, *op.function.parameters)

    source = quantizer.integers[op.x]
    # What the function gives for any input: no bit is spent beyond 1 for tanh.
    # Beyond the grid the function is flat, and what was seen may be nearer to its limit.
    reach = exact(np.concatenate([grid(source.meaning)[0], quantizer.calibration.bounds(op.x)]))
    meaning = quantizer.meaning(op.y, op, (min(reach.min(), 0), max(reach.max(), 0)))
    quantizer.tabled(source, exact, meaning, quantizer.dtype(op.y, op), op.y, op.layer)
    quantizer.made(op.y, meaning)
