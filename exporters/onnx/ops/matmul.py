# SPDX-License-Identifier: MIT
"""Products of two activations."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import MatMul


@emits(MatMul)
def emit(graph: Graph, op: MatMul) -> None:
    """See :class:`MatMul`."""
    graph.node("MatMul", [graph.name(op.a), graph.name(op.b)], [graph.name(op.y)])
