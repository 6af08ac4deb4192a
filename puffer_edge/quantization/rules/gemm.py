"""Gemm in integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from puffer_edge.ir.ops import Gemm, GemmInteger
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Gemm, matrices=lambda op, name: (op.weight,), starts=True)
def gemm(op: Gemm, quantizer: Quantizer) -> None:
    """Per-row weights; a ReLU is the lower clamp of the result."""
    assert op.activation is None or op.activation.function == "relu", "only ReLU is fused here"
    x = quantizer.integer(op.x, op)
    linear = quantizer.linear(op.x, quantizer.floats(op.weight), quantizer.floats(op.bias), op)
    factors, meaning = quantizer.requantization(linear, op.y, quantizer.meaning(op.y, op))
    quantizer.add(GemmInteger(
        x=x, weight=quantizer.weights(linear, op, f"{op.y}.w"),
        bias=quantizer.constant(linear.bias, f"{op.y}.b"),
        requantization=quantizer.constant(factors, f"{op.y}.requantization"), y=op.y,
        dtype=quantizer.dtype(op.y, op), quantization=meaning, layer=op.layer))
    quantizer.made(op.y, meaning)
