# SPDX-License-Identifier: MIT
"""Sums, means and extremes."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Reduce


@emits(Reduce)
def emit(graph: Graph, op: Reduce) -> None:
    """See :class:`Reduce`."""
    kinds = {"mean": "ReduceMean", "sum": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin"}
    axes = graph.constant(np.array(op.axes, np.int64))
    graph.node(kinds[op.function], [graph.name(op.x), axes], [graph.name(op.y)],
               keepdims=int(op.keep))
