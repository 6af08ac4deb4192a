# SPDX-License-Identifier: MIT
"""Categories: embeddings and one-hot vectors of integer observations."""

from __future__ import annotations

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import categories
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node


@lowers("embedding")
def embedding(graph: Graph, node: Node, weight: Operand, indices: Operand) -> Operand:
    """Rows of a constant table."""
    if isinstance(weight, str):
        raise node.refuse("a table that is computed")
    if not isinstance(indices, str):
        if np.any((indices < 0) | (indices >= len(weight))):
            raise node.refuse(f"an index that is none of {len(weight)}")
        return np.asarray(weight[indices.astype(np.int64)])
    return categories.embedding(graph, node, weight, indices)


@lowers("one_hot", moving=True)
def one_hot(graph: Graph, node: Node, x: Operand, num_classes: int = -1) -> Operand:
    """Integers, which the observation has as float32 anyway."""
    if not isinstance(x, str):
        count = int(x.max(initial=0)) + 1 if num_classes == -1 else num_classes
        if count > categories.MAX_CLASSES or np.any((x < 0) | (x >= count)):
            raise node.refuse(f"{count} categories")
        return np.asarray(x[..., None] == np.arange(count), np.int64)
    if num_classes == -1:
        raise node.refuse("as many categories as the largest index", "give num_classes")
    return categories.one_hot(graph, node, x, num_classes)
