# SPDX-License-Identifier: MIT
"""Linear layers: in float32, with weights of 8 bits, or in integers between two conversions."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.scales import Integers, per_channel
from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.quantizing import product
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.exporters.tflite.writer import Scale, Tensor
from puffer_edge.ir.ops import Gemm, Reshape


@emits(Gemm)
def emit(graph: Graph, op: Gemm) -> None:
    """See :class:`Gemm`."""
    weight = graph.program.constants[op.weight]
    bias = (graph.program.constants[op.bias] if op.bias
            else np.zeros(len(weight), np.float32))
    if graph.integers is not None:
        _integers(graph, graph.integers, op, bias)
        return
    if graph.scheme == "dynamic":
        _dynamic(graph, op, weight, bias)
        return
    keep = len(graph.shape(op.x)) != 2
    graph.operator("FULLY_CONNECTED", [graph.tensor(op.x), graph.tensor(op.weight),
                                       graph.constant(bias)],
                   graph.tensor(op.y), (2, "Bool", keep), version=5 if keep else 1)


def _dynamic(graph: Graph, op: Gemm, weight: Array, bias: Array) -> None:
    """Integers times x, then a factor and a bias per output.

    A scale per output inside of FULLY_CONNECTED would be version 12, of which older runtimes
    compute garbage.
    """
    whole, scales = per_channel(weight)
    matrix = graph.model.tensor(Tensor(f"weight_{len(graph.model.tensors)}", whole.shape, "int8",
                                       whole, Scale((1.0,), (0,))))
    keep, version = len(graph.shape(op.x)) != 2, 3
    if keep or _is_near_outside(graph, op.x):
        # What has features of its own scales is not rounded by one.
        matrix = graph.operator("DEQUANTIZE", [matrix], weight.shape, version=2)
        version = 5 if keep else 1
    shape = graph.shape(op.y)
    nothing = graph.constant(np.zeros(len(weight), np.float32))
    sums = graph.operator("FULLY_CONNECTED", [graph.tensor(op.x), matrix, nothing], shape,
                          (2, "Bool", keep), version=version)
    scaled = graph.operator("MUL", [sums, graph.constant(scales)], shape)
    graph.operator("ADD", [scaled, graph.constant(bias)], graph.tensor(op.y))


def _is_near_outside(graph: Graph, value: str) -> bool:
    """The observation or a state, also in another shape."""
    program = graph.program
    made = program.producers()
    while isinstance(op := made.get(value), Reshape):
        value = op.x
    return value not in made or value in program.results


def _integers(graph: Graph, integers: Integers, op: Gemm, bias: Array) -> None:
    """On two axes only: with more, the reference kernels of tflite-runtime 2.14 compute garbage."""
    x, shapes = graph.tensor(op.x), [graph.shape(value) for value in (op.x, op.y)]
    rows = prod(shapes[0][:-1])
    flat = (rows, shapes[0][-1]), (rows, shapes[1][-1])
    if shapes[0] != flat[0]:
        x = graph.operator("RESHAPE", [x, graph.constant(list(flat[0]))], flat[0])
    y = product(graph, integers, op, x, integers.weights[op.y][0], bias, flat, "FULLY_CONNECTED",
                {8: 4, 16: 7}, y=graph.tensor(op.y) if shapes[1] == flat[1] else None)
    if shapes[1] != flat[1]:
        graph.operator("RESHAPE", [y, graph.constant(list(shapes[1]))], graph.tensor(op.y))
