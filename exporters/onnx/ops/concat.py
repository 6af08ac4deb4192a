# SPDX-License-Identifier: MIT
"""Values side by side."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Concat


@emits(Concat)
def emit(graph: Graph, op: Concat) -> None:
    """See :class:`Concat`."""
    graph.node("Concat", [graph.name(x) for x in op.xs], [graph.name(op.y)], axis=op.axis)
