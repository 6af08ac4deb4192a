# SPDX-License-Identifier: MIT
"""Einsum of static shapes."""

from __future__ import annotations

from puffer_edge.frontends.graph import einsum as sums
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node


@lowers("Einsum")
def einsum(graph: Graph, node: Node, *operands: Operand) -> Operand:
    """By its equation."""
    return sums.einsum(graph, node, str(node.get("equation", "")), operands)
