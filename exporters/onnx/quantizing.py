# SPDX-License-Identifier: MIT
"""QuantizeLinear and DequantizeLinear around what an ONNX graph computes.

What a linear layer or a convolution reads has 8 bits where that is faster; the observation, what is
carried, compared, and what is only added and multiplied elementwise have 16. Rows of a layer that
has several are unsigned: onnxruntime reshapes them and then rounds with the type that they had
before it made them unsigned itself, which it does not take ("output_dtype INT8 does not match").
"""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.scales import Integers
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Conv, Gemm

DTYPES = {8: np.int8, 16: np.int16}
UNSIGNED = 128
"""What is added to 8 bits that are unsigned."""


def bits_of(integers: Integers, value: str) -> int:
    """Of a value; 0 where it is not rounded."""
    if value in integers.program.outputs or value not in integers.ranges:
        return 0  # outputs are compared with each other: nothing is won by rounding them
    readers = _layers(integers.program, value)
    return 16 if not readers or any(map(integers.is_fine, readers)) else 8


def _layers(program: Program, value: str) -> list[Conv | Gemm]:
    return [op for op in program.ops if isinstance(op, Conv | Gemm) and op.x == value]


def quantize_value(graph: Graph, integers: Integers, value: str) -> None:
    """Rounds a value to integers; who reads it from now on reads what they stand for."""
    bits = bits_of(integers, value)
    if not bits:
        return
    scale, zero = integers.affine(value, bits)
    rows = bits == 8 and len(graph.program.values[value].shape) > 2 and any(
        isinstance(op, Gemm) for op in _layers(graph.program, value))
    given = [graph.constant(scale), graph.constant(
        np.uint8(zero + UNSIGNED) if rows else DTYPES[bits](zero))]
    rounded = graph.node("QuantizeLinear", [graph.name(value), *given])
    graph.call(value, graph.node("DequantizeLinear", [rounded, *given]))


def quantize_weights(graph: Graph, integers: Integers) -> None:
    """Weights of linear layers and convolutions as integers of 8 bits, a scale per output."""
    for op in graph.program.ops:
        if isinstance(op, Conv | Gemm):
            whole, scale = integers.weights[op.y]
            zeros = graph.constant(np.zeros(len(scale), np.int8))
            graph.replace(op.weight, graph.node(
                "DequantizeLinear", [graph.constant(whole), graph.constant(scale), zeros], axis=0))
