# SPDX-License-Identifier: MIT
"""Categories: two comparisons, as a number between two categories is none."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.exporters.tflite.schema import BOOL, FLOAT32
from puffer_edge.ir.ops import OneHot


@emits(OneHot)
def emit(graph: Graph, op: OneHot) -> None:
    """See :class:`OneHot`."""
    low = np.arange(op.classes, dtype=np.float32)
    shape = graph.shape(op.x)
    target = graph.constant(np.array([*shape, 1]))
    x = graph.operator("RESHAPE", [graph.tensor(op.x), target], (*shape, 1))
    whole = (*shape, op.classes)
    above = graph.operator("GREATER_EQUAL", [x, graph.constant(low)], whole, dtype="bool")
    below = graph.operator("LESS", [x, graph.constant(low + 1)], whole, dtype="bool")
    both = graph.operator("LOGICAL_AND", [above, below], whole, dtype="bool")
    graph.operator("CAST", [both], graph.tensor(op.y), (0, "Int8", BOOL), (1, "Int8", FLOAT32))
