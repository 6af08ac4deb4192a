# SPDX-License-Identifier: MIT
"""Softmax."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Softmax


@emits(Softmax)
def emit(graph: Graph, op: Softmax) -> None:
    """See :class:`Softmax`."""
    graph.node("Softmax", [graph.name(op.x)], [graph.name(op.y)], axis=op.axis)
