# SPDX-License-Identifier: MIT
"""Elementwise arithmetic."""

from __future__ import annotations

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Binary


@emits(Binary)
def emit(graph: Graph, op: Binary) -> None:
    """See :class:`Binary`."""
    kinds = {"add": "ADD", "sub": "SUB", "mul": "MUL", "div": "DIV", "min": "MINIMUM",
             "max": "MAXIMUM"}
    graph.operator(kinds[op.function], [graph.tensor(op.a), graph.tensor(op.b)],
                   graph.tensor(op.y))
