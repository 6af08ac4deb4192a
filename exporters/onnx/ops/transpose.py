# SPDX-License-Identifier: MIT
"""Axes in another order."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Transpose


@emits(Transpose)
def emit(graph: Graph, op: Transpose) -> None:
    """See :class:`Transpose`."""
    graph.node("Transpose", [graph.name(op.x)], [graph.name(op.y)], perm=op.permutation)
