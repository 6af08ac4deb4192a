# SPDX-License-Identifier: MIT
"""Gemm in integers."""

from __future__ import annotations

from puffer_edge.ir.ops import Gemm, GemmInteger
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule


@rule(Gemm, starts=True, matrices=lambda op, name: (op.weight,), columns=("x", "weight"),
      rows=("weight", "bias"), float16=("weight",))
def gemm(op: Gemm, emitter: Emitter) -> None:
    """Per-row weights; a ReLU is the lower clamp of the result."""
    assert op.activation is None or op.activation.function == "relu", "only ReLU is fused here"
    x = emitter.per_channel(op.x, op)
    linear = emitter.linear(op.x, emitter.floats(op.weight), emitter.floats(op.bias), op)
    factors, qparams = emitter.requantization(linear, op.y, emitter.ranges.qparams(op.y, op))
    emitter.add(GemmInteger(
        x=x, weight=emitter.weights(linear, op, f"{op.y}.w"),
        bias=emitter.constant(linear.bias, f"{op.y}.b"),
        requantization=emitter.constant(factors, f"{op.y}.requantization"), y=op.y,
        dtype=emitter.ranges.dtype(op.y), quantization=qparams, layer=op.layer))
    emitter.declare(op.y, qparams)
