# SPDX-License-Identifier: MIT
"""The order of a few values along an axis, in the arithmetic that every runtime has.

The rank of an element is the number of those that are larger, or equal and before it. One-hot
vectors of the ranks pick values and indices; their sums are exact, as all but one term are 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.categories import one_hot
from puffer_edge.frontends.graph.comparison import positive
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Reduce, Transpose

MAX_SIZE = 64
"""Elements that are compared with each other: gates of experts have a few."""

Source = TypeVar("Source", bound=Node)


def ordered(graph: Graph, node: Node, x: Operand, axis: int, count: int, *, largest: bool
            ) -> tuple[Operand, Operand]:
    """The first ``count`` values in order, and their indices (as float32); of equals the first.

    Args:
        graph: takes the ops.
        node: the source.
        x: any shape, up to :data:`MAX_SIZE` elements along the axis.
        axis: not negative.
        count: how many, from 1 to all.
        largest: the largest first, else the smallest.
    """
    shape = graph.shape(x)
    size = shape[axis]
    if size > MAX_SIZE or not isinstance(x, str):
        raise node.refuse(f"{size} elements", f"up to {MAX_SIZE} computed ones are supported: each "
                          "is compared with each")
    node = replace(node, layer=f"{node.layer} ({node.op_type.split('.')[-2:][0]})")
    order = (*(a for a in range(len(shape)) if a != axis), axis)
    back = tuple(order.index(a) for a in range(len(shape)))
    rows = graph.add(node, Transpose, x=x, permutation=order) if axis != len(shape) - 1 else x
    lead = graph.shape(rows)[:-1]
    sorted_by = rows if largest else apply(graph, node, rows, "neg")
    column = reshaped(graph, node, sorted_by, (*lead, size, 1))
    row = reshaped(graph, node, sorted_by, (*lead, 1, size))
    rank = ranks(graph, node, row, column, size)
    last = len(lead) + 1
    hot = one_hot(graph, node, rank, count)  # [..., size, count]
    hot = graph.add(node, Transpose, x=hot, permutation=(*range(len(lead)), last, last - 1))

    def picked(values: Operand) -> Operand:
        products = combine(graph, node, "mul", hot, values)
        y = graph.add(node, Reduce, x=products, function="sum", axes=(last,), keep=False)
        return y if axis == len(shape) - 1 else graph.add(node, Transpose, x=y, permutation=back)

    values = reshaped(graph, node, rows, (*lead, 1, size))
    indices = picked(np.arange(size, dtype=np.float32))
    graph.distinct.add(str(indices))
    return picked(values), indices


def first_of(graph: Graph, node: Node, x: Operand, axis: int, *, largest: bool) -> Operand:
    """Index (as float32) of the largest or smallest element, of equals the first; axis kept."""
    return ordered(graph, node, x, axis, 1, largest=largest)[1]


def ranks(graph: Graph, node: Node, row: Operand, column: Operand, size: int) -> str:
    """[..., size]: how many elements come before each; ``row`` and ``column`` hold the same."""
    larger = positive(graph, node, combine(graph, node, "sub", row, column))
    smaller = positive(graph, node, combine(graph, node, "sub", column, row))
    ones = np.ones((size, size), np.float32)
    not_smaller = combine(graph, node, "sub", number(1), smaller)
    ahead = combine(graph, node, "add", combine(graph, node, "mul", larger, np.triu(ones, 1)),
                    combine(graph, node, "mul", not_smaller, np.tril(ones, -1)))
    return str(graph.add(node, Reduce, x=ahead, function="sum",
                         axes=(len(graph.shape(ahead)) - 1,), keep=False))
