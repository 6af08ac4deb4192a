"""Linear layers."""

from __future__ import annotations

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Gemm


@emits(Gemm)
def emit(graph: Graph, op: Gemm) -> None:
    """See :class:`Gemm`."""
    bias = graph.tensor(op.bias) if op.bias else -1
    keep = len(graph.shape(op.x)) != 2
    graph.operator("FULLY_CONNECTED", [graph.tensor(op.x), graph.tensor(op.weight), bias],
                   graph.tensor(op.y), (2, "Bool", keep), version=6 if not op.bias else
                   5 if keep else 1)
