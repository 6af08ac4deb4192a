"""Convolutions: TFLite keeps channels last, and pads before."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
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
    y = graph.operator(
        "CONV_2D", [x, graph.weight(weight.transpose(0, 2, 3, 1)), graph.weight(bias)],
        (n, rows, columns, filters), (0, "Int8", 1),  # padding VALID
        (1, "Int32", op.strides[1]), (2, "Int32", op.strides[0]),
        (4, "Int32", op.dilations[1]), (5, "Int32", op.dilations[0]))
    graph.operator("TRANSPOSE", [y, graph.constant(np.array([0, 3, 1, 2]))], graph.tensor(op.y))
