# SPDX-License-Identifier: MIT
"""Values side by side."""

from __future__ import annotations

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Concat


@emits(Concat)
def emit(graph: Graph, op: Concat) -> None:
    """See :class:`Concat`."""
    graph.operator("CONCATENATION", [graph.tensor(x) for x in op.xs], graph.tensor(op.y),
                   (0, "Int32", op.axis))
