# SPDX-License-Identifier: MIT
"""Linear layers: Gemm where x is a matrix, else MatMul and Add."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Gemm


@emits(Gemm)
def emit(graph: Graph, op: Gemm) -> None:
    """See :class:`Gemm`."""
    if len(graph.shape(op.x)) == 2:
        inputs = [graph.name(name) for name in (op.x, op.weight, op.bias) if name]
        graph.node("Gemm", inputs, [graph.name(op.y)], transB=1)
        return
    turned = graph.node("Transpose", [graph.name(op.weight)], perm=[1, 0])
    product = graph.node("MatMul", [graph.name(op.x), turned],
                         None if op.bias else [graph.name(op.y)])
    if op.bias:
        graph.node("Add", [product, graph.name(op.bias)], [graph.name(op.y)])
