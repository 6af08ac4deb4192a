# SPDX-License-Identifier: MIT
"""Sums, means and extremes."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Reduce


@emits(Reduce)
def emit(graph: Graph, op: Reduce) -> None:
    """See :class:`Reduce`."""
    kinds = {"mean": "MEAN", "sum": "SUM", "max": "REDUCE_MAX", "min": "REDUCE_MIN"}
    graph.operator(kinds[op.function], [graph.tensor(op.x), graph.constant(np.array(op.axes))],
                   graph.tensor(op.y), (0, "Bool", op.keep))
