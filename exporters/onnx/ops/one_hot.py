# SPDX-License-Identifier: MIT
"""Categories: two comparisons, as a number between two categories is none."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import OneHot


@emits(OneHot)
def emit(graph: Graph, op: OneHot) -> None:
    """See :class:`OneHot`."""
    low = np.arange(op.classes, dtype=np.float32)
    axis = graph.constant(np.array([len(graph.shape(op.x))], np.int64))
    x = graph.node("Unsqueeze", [graph.name(op.x), axis])
    above = graph.node("GreaterOrEqual", [x, graph.constant(low)])
    below = graph.node("Less", [x, graph.constant(low + 1)])
    graph.node("Cast", [graph.node("And", [above, below])], [graph.name(op.y)], to=1)
