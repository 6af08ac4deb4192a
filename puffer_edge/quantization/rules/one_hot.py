# SPDX-License-Identifier: MIT
"""OneHot in integers: of a category that came in as it is."""

from __future__ import annotations

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Quantization
from puffer_edge.ir.ops import OneHot, OneHotInteger
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule


@rule(OneHot, category="x")
def one_hot(op: OneHot, emitter: Emitter) -> None:
    """1 is the largest integer that the readers allow."""
    source = emitter.integers[op.x]
    if not source.per_tensor or source.qparams.scale != 1 or source.qparams.zero_point:
        raise UnsupportedError("OneHot of a computed number cannot be computed in integers",
                               where=op.layer or op.y, hint="export it with --scheme float32")
    dtype = emitter.ranges.dtype(op.y)
    _, high = emitter.ranges.limits(op.y, op, dtype)
    qparams = Quantization(1 / high, 0, 0, high)
    emitter.add(OneHotInteger(x=source.name, y=op.y, classes=op.classes, dtype=dtype,
                                quantization=qparams, layer=op.layer))
    emitter.declare(op.y, qparams)
