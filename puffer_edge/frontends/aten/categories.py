# SPDX-License-Identifier: MIT
"""Categories: embeddings and one-hot vectors of integer observations."""

from __future__ import annotations

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import categories
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node


@lowers("embedding")
def embedding(graph: Graph, node: Node, weight: Operand, indices: Operand, padding_idx: int = -1,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Operand:
    """Rows of a constant table."""
    if isinstance(weight, str) or not isinstance(indices, str):
        raise node.refuse("a table that is computed, or constant indices")
    return categories.embedding(graph, node, weight, indices)


@lowers("one_hot", moving=True)
def one_hot(graph: Graph, node: Node, x: Operand, num_classes: int = -1) -> Operand:
    """Integers, which the observation has as float32 anyway."""
    if not isinstance(x, str):
        raise node.refuse("a constant")
    return categories.one_hot(graph, node, x, num_classes)
