# SPDX-License-Identifier: MIT
"""Logits of which only some choices may be taken."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Mask
from puffer_edge.ir.ops.mask import lowest


@emits(Mask)
def emit(graph: Graph, op: Mask) -> None:
    """See :class:`Mask`."""
    bottom, least = (graph.constant(np.float32(number)) for number in lowest("float32"))
    shape = graph.constant(np.array(graph.shape(op.x), np.int64))
    given = graph.node("Reshape", [graph.name(op.mask), shape])
    chosen = graph.node("GreaterOrEqual", [given, graph.constant(np.float32(0.5))])
    raised = graph.node("Max", [graph.name(op.x), least])
    sides = [bottom, raised] if op.forbids else [raised, bottom]
    graph.node("Where", [chosen, *sides], [graph.name(op.y)])
