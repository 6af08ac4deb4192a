# SPDX-License-Identifier: MIT
"""Logits of which only some choices may be taken."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Mask
from puffer_edge.ir.ops.mask import lowest


@emits(Mask)
def emit(graph: Graph, op: Mask) -> None:
    """See :class:`Mask`."""
    shape = graph.shape(op.x)
    bottom, least = (graph.constant(np.full(shape, number, np.float32))
                     for number in lowest("float32"))
    given = graph.operator("RESHAPE", [graph.tensor(op.mask), graph.constant(list(shape))], shape)
    half = graph.constant(np.full(shape, 0.5, np.float32))
    chosen = graph.operator("GREATER_EQUAL", [given, half], shape, dtype="bool")
    raised = graph.operator("MAXIMUM", [graph.tensor(op.x), least], shape)
    sides = [bottom, raised] if op.forbids else [raised, bottom]
    graph.operator("SELECT", [chosen, *sides], graph.tensor(op.y))
