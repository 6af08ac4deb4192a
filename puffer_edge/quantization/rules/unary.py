# SPDX-License-Identifier: MIT
"""Elementwise functions in integers: tables."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Unary
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.linear import table_points
from puffer_edge.quantization.rule import rule


@rule(Unary, function=lambda op: op.function)
def unary(op: Unary, emitter: Emitter) -> None:
    """The function itself, made on the host."""
    def exact(real: Array) -> Array:
        return FUNCTIONS[op.function.function].exact(real, *op.function.parameters)

    source = emitter.integers[op.x]
    # What the function gives for any input: no bit is spent beyond 1 for tanh.
    # Beyond the table's points the function is flat, and what was seen may be nearer to its limit.
    points, _ = table_points(source.qparams)
    reach = exact(np.concatenate([points, emitter.calibration.bounds(op.x)]))
    qparams = emitter.ranges.qparams(op.y, op, (min(reach.min(), 0), max(reach.max(), 0)))
    emitter.lookup_table(source, exact, qparams, emitter.ranges.dtype(op.y), op.y, op.layer)
    emitter.declare(op.y, qparams)
