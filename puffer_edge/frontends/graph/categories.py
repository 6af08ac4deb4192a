# SPDX-License-Identifier: MIT
"""Categories: one-hot vectors, and rows of a constant table by an observation (an embedding)."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.ir.ops import Gemm, OneHot

MAX_CLASSES = 4096


def one_hot(graph: Graph, node: Node, x: str, classes: int) -> Operand:
    """One more axis, the last one."""
    if not 1 <= classes <= MAX_CLASSES:
        raise node.refuse(f"{classes} categories", f"up to {MAX_CLASSES} are supported")
    return graph.add(node, OneHot, x=x, classes=classes)


def embedding(graph: Graph, node: Node, table: Array, x: str) -> Operand:
    """Rows of a table [N, D] by their numbers, [...] to [..., D]."""
    if table.ndim != 2 or table.dtype.kind != "f":
        raise node.refuse(f"a table of the shape {table.shape}", "two axes are supported")
    hot = one_hot(graph, node, x, len(table))
    return graph.add(node, Gemm, x=hot, weight=np.ascontiguousarray(table.T))
