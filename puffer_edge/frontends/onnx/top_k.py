# SPDX-License-Identifier: MIT
"""TopK of a few values, in the arithmetic that every runtime has.

The rank of an element is the number of those that are larger, or equal and before it. One-hot
vectors of the ranks pick values and indices; their sums are exact, as all but one term are 0.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.categories import one_hot
from puffer_edge.frontends.graph.comparison import positive
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Reduce, Transpose

MAX_SIZE = 64
"""Elements that are compared with each other: gates of experts have a few."""


@lowers("TopK")
def top_k(graph: Graph, node: Node, x: Operand, k: Operand | None = None) -> tuple[Operand, ...]:
    """Values and indices along one axis, the largest (or smallest) first, of equals the first."""
    shape = graph.shape(x)
    axis = axis_of(node, node.get("axis", -1), len(shape))
    counts = (node.get("k", 0),) if k is None else graph.integers_of(k, node, "k")
    size = shape[axis]
    if len(counts) != 1 or not 1 <= counts[0] <= size:
        raise FileFormatError(f"the {counts} largest of {size}", where=node.where)
    if size > MAX_SIZE or not isinstance(x, str):
        raise node.refuse(f"{size} elements", f"up to {MAX_SIZE} computed ones are supported: each "
                          "is compared with each")
    node = replace(node, layer=f"{node.layer} (TopK)")  # for messages about what it is made of
    order = (*(a for a in range(len(shape)) if a != axis), axis)
    back = tuple(order.index(a) for a in range(len(shape)))
    rows = graph.add(node, Transpose, x=x, permutation=order) if axis != len(shape) - 1 else x
    lead = graph.shape(rows)[:-1]
    sorted_by = rows if node.flag("largest", True) else apply(graph, node, rows, "neg")
    column = reshaped(graph, node, sorted_by, (*lead, size, 1))
    row = reshaped(graph, node, sorted_by, (*lead, 1, size))
    rank = _rank(graph, node, row, column, size)
    last = len(lead) + 1
    hot = one_hot(graph, node, rank, counts[0])  # [..., size, k]
    hot = graph.add(node, Transpose, x=hot, permutation=(*range(len(lead)), last, last - 1))

    def picked(values: Operand) -> Operand:
        products = combine(graph, node, "mul", hot, values)
        y = graph.add(node, Reduce, x=products, function="sum", axes=(last,), keep=False)
        return y if axis == len(shape) - 1 else graph.add(node, Transpose, x=y, permutation=back)

    graph.integers.update(node.outputs[1:])
    values = reshaped(graph, node, rows, (*lead, 1, size))
    return picked(values), picked(np.arange(size, dtype=np.float32))


@lowers("Hardmax")
def hardmax(graph: Graph, node: Node, x: Operand) -> Operand:
    """1 at the largest element, of equals at the first, and 0 elsewhere."""
    shape = graph.shape(x)
    axis = axis_of(node, node.get("axis", -1 if node.opset >= 13 else 1), len(shape))
    lead, size = shape[:axis], prod(shape[axis:])
    if node.opset >= 13:
        lead, size = shape[:-1], shape[axis]
        order = [a for a in range(len(shape)) if a != axis] + [axis]
        x = graph.add(node, Transpose, x=x, permutation=tuple(order))
        lead = graph.shape(x)[:-1]
    if size > MAX_SIZE or not isinstance(x, str):
        raise node.refuse(f"{size} elements", f"up to {MAX_SIZE} computed ones are supported")
    rank = _rank(graph, node, reshaped(graph, node, x, (*lead, 1, size)),
                 reshaped(graph, node, x, (*lead, size, 1)), size)
    hot = reshaped(graph, node, one_hot(graph, node, rank, 1), graph.shape(x))
    if node.opset < 13 or axis == len(shape) - 1:
        return hot
    return graph.add(node, Transpose, x=hot, permutation=tuple(map(order.index, range(len(shape)))))


def _rank(graph: Graph, node: Node, row: Operand, column: Operand, size: int) -> str:
    """[..., size]: how many elements come before each; ``row`` and ``column`` hold the same."""
    larger = positive(graph, node, combine(graph, node, "sub", row, column))
    smaller = positive(graph, node, combine(graph, node, "sub", column, row))
    ones = np.ones((size, size), np.float32)
    not_smaller = combine(graph, node, "sub", number(1), smaller)
    ahead = combine(graph, node, "add", combine(graph, node, "mul", larger, np.triu(ones, 1)),
                    combine(graph, node, "mul", not_smaller, np.tril(ones, -1)))
    return str(graph.add(node, Reduce, x=ahead, function="sum",
                         axes=(len(graph.shape(ahead)) - 1,), keep=False))
