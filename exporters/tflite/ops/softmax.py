# SPDX-License-Identifier: MIT
"""Softmax, which TFLite has over the last axis."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Softmax


@emits(Softmax)
def emit(graph: Graph, op: Softmax) -> None:
    """See :class:`Softmax`."""
    shape = graph.shape(op.x)
    last = len(shape) - 1
    if op.axis == last:
        graph.operator("SOFTMAX", [graph.tensor(op.x)], graph.tensor(op.y), (0, "Float32", 1.0))
        return
    order = list(range(len(shape)))
    order[op.axis], order[last] = last, op.axis
    turn = graph.constant(np.array(order))
    turned = tuple(shape[axis] for axis in order)
    x = graph.operator("TRANSPOSE", [graph.tensor(op.x), turn], turned)
    y = graph.operator("SOFTMAX", [x], turned, (0, "Float32", 1.0))
    graph.operator("TRANSPOSE", [y, turn], graph.tensor(op.y))
