"""QuantizeLinear and DequantizeLinear around what an ONNX graph computes.

What a linear layer or a convolution reads has 8 bits where that is faster; the observation, what is
carried, compared, and what is only added and multiplied elementwise have 16.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.scales import Integers
from puffer_edge.ir.ops import Conv, Gemm

DTYPES = {8: np.int8, 16: np.int16}


def quantize_value(graph: Graph, integers: Integers, value: str) -> None:
    """Rounds a value to integers; who reads it from now on reads what they stand for."""
    program = graph.program
    if value in program.outputs or value not in integers.ranges:
        return  # outputs are compared with each other: nothing is won by rounding them
    readers = [op for op in program.ops if isinstance(op, Conv | Gemm) and op.x == value]
    bits = 16 if not readers or any(map(integers.is_fine, readers)) else 8
    scale, zero = integers.affine(value, bits)
    given = [graph.constant(scale), graph.constant(DTYPES[bits](zero))]
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
