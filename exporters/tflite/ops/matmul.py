# SPDX-License-Identifier: MIT
"""Products of two activations."""

from __future__ import annotations

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import MatMul


@emits(MatMul)
def emit(graph: Graph, op: MatMul) -> None:
    """See :class:`MatMul`."""
    graph.operator("BATCH_MATMUL", [graph.tensor(op.a), graph.tensor(op.b)], graph.tensor(op.y))
