# SPDX-License-Identifier: MIT
"""Elementwise arithmetic."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Binary


@emits(Binary)
def emit(graph: Graph, op: Binary) -> None:
    """See :class:`Binary`."""
    kinds = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "min": "Min", "max": "Max"}
    graph.node(kinds[op.function], [graph.name(op.a), graph.name(op.b)], [graph.name(op.y)])
