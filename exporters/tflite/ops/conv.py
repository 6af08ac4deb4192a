# SPDX-License-Identifier: MIT
"""Convolutions: TFLite keeps channels last, and pads before."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.scales import per_channel
from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.quantizing import product
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.exporters.tflite.writer import Scale, Tensor
from puffer_edge.ir.ops import Conv


@emits(Conv)
def emit(graph: Graph, op: Conv) -> None:
    """See :class:`Conv`."""
    n, channels, height, width = graph.shape(op.x)
    x = graph.operator("TRANSPOSE", [graph.tensor(op.x), graph.constant(np.array([0, 2, 3, 1]))],
                       (n, height, width, channels))
    top, left, bottom, right = op.pads
    if any(op.pads):
        pads = np.array([[0, 0], [top, bottom], [left, right], [0, 0]])
        x = graph.operator("PAD", [x, graph.constant(pads)],
                           (n, height + top + bottom, width + left + right, channels))
    weight = graph.program.constants[op.weight]
    bias = (graph.program.constants[op.bias] if op.bias
            else np.zeros(weight.shape[0], np.float32))
    _, filters, rows, columns = graph.shape(op.y)
    shape = (n, rows, columns, filters)
    options = ((0, "Int8", 1),  # padding VALID
               (1, "Int32", op.strides[1]), (2, "Int32", op.strides[0]),
               (4, "Int32", op.dilations[1]), (5, "Int32", op.dilations[0]))
    if graph.integers is not None:
        whole = graph.integers.weights[op.y][0].transpose(0, 2, 3, 1)
        y = product(graph, graph.integers, op, x, whole, bias,
                    (graph.model.tensors[x].shape, shape), "CONV_2D", {8: 3, 16: 4}, *options)
    elif graph.scheme == "dynamic":
        # Stored in 8 bits: a factor for each filter makes up for weights that are whole numbers.
        whole, scales = per_channel(weight)
        matrix = graph.model.tensor(Tensor(f"weight_{len(graph.model.tensors)}", (
            filters, *weight.shape[2:], weight.shape[1]), "int8", whole.transpose(0, 2, 3, 1),
            Scale((1.0,), (0,))))
        matrix = graph.operator("DEQUANTIZE", [matrix], graph.model.tensors[matrix].shape,
                                version=2)
        nothing = graph.constant(np.zeros(filters, np.float32))
        y = graph.operator("CONV_2D", [x, matrix, nothing], shape, *options)
        y = graph.operator("MUL", [y, graph.constant(scales)], shape)
        y = graph.operator("ADD", [y, graph.constant(bias)], shape)
    else:
        y = graph.operator("CONV_2D", [x, graph.weight(weight.transpose(0, 2, 3, 1)),
                                       graph.weight(bias)], shape, *options)
    graph.operator("TRANSPOSE", [y, graph.constant(np.array([0, 3, 1, 2]))], graph.tensor(op.y))
