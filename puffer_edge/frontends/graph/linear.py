# SPDX-License-Identifier: MIT
"""Products of matrices, constant or computed."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.ir.ops import Expand, Gemm, MatMul, Reshape


def matmul(graph: Graph, node: Node, a: Operand, b: Operand) -> Operand:
    """A linear layer where the right side is a constant matrix, else a product of values."""
    if not isinstance(b, str) and b.ndim == 2:
        return graph.add(node, Gemm, x=a, weight=np.ascontiguousarray(b.T))
    rows, columns = graph.shape(a), graph.shape(b)
    if not rows or not columns:
        raise node.refuse("a scalar is multiplied as a matrix")
    left = rows if len(rows) > 1 else (1, *rows)
    right = columns if len(columns) > 1 else (*columns, 1)
    try:
        batch = np.broadcast_shapes(left[:-2], right[:-2])
    except ValueError:
        raise FileFormatError(f"{rows} and {columns} cannot be multiplied",
                              where=node.where) from None
    product = graph.add(node, MatMul, a=_batched(graph, node, a, (*batch, *left[-2:])),
                        b=_batched(graph, node, b, (*batch, *right[-2:])))
    # numpy's rule: an axis that a vector did not have vanishes from the product.
    shape = (*batch, *left[-2:-1][: len(rows) - 1], *right[-1:][: len(columns) - 1])
    if shape == graph.shape(product):
        return product
    return graph.add(node, Reshape, x=product, shape=shape)


def _batched(graph: Graph, node: Node, x: Operand, shape: tuple[int, ...]) -> Operand:
    """``x`` with the leading axes of ``shape``; a vector becomes a matrix first."""
    if len(graph.shape(x)) == 1:
        x = graph.add(node, Reshape, x=x, shape=shape[-2:])
    return x if graph.shape(x) == shape else graph.add(node, Expand, x=x, shape=shape)
