# SPDX-License-Identifier: MIT
"""The order of values: the largest, sorted ones, the middle one, and where they are."""

from __future__ import annotations

from math import prod
from typing import Any

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.aten.moving import window
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.ranking import ordered
from puffer_edge.frontends.graph.shape import axis_of, reshaped


@lowers("topk")
def topk(graph: Graph, node: Node, x: Operand, k: int, dim: int = -1, largest: bool = True,
         sorted: bool = True) -> tuple[Operand, Operand]:
    """Values and indices, in order, whether that is asked for or not."""
    shape = graph.shape(x)
    axis = axis_of(node, dim, len(shape))
    if not 1 <= k <= shape[axis]:
        raise ValueError(f"the {k} largest of {shape[axis]}")
    return ordered(graph, node, x, axis, k, largest=largest)


@lowers("sort", "argsort", "msort")
def sort(graph: Graph, node: Node, x: Operand, dim: int = -1, descending: bool = False,
         stable: bool | None = None) -> Any:
    """All of an axis; of equals the first comes first, as a stable sort has them."""
    kind, shape = node.op_type.split(".")[1], graph.shape(x)
    axis = axis_of(node, 0 if kind == "msort" else dim, len(shape))
    values, indices = ordered(graph, node, x, axis, shape[axis], largest=descending)
    return {"argsort": indices, "msort": values}.get(kind, (values, indices))


@lowers("kthvalue", "median")
def kth_value(graph: Graph, node: Node, x: Operand, k: int | None = None, dim: int | None = None,
              keepdim: bool = False) -> Any:
    """The k-th smallest and its index; the median is the lower of the middle ones."""
    shape = graph.shape(x)
    whole = dim is None and "median" in node.op_type
    if whole:
        shape = (prod(shape),)
        x = reshaped(graph, node, x, shape)
    axis = axis_of(node, -1 if dim is None else dim, len(shape))
    place = (shape[axis] + 1) // 2 if k is None else k
    if not 1 <= place <= shape[axis]:
        raise ValueError(f"the {place}th of {shape[axis]}")
    found = []
    for each in ordered(graph, node, x, axis, place, largest=False):
        last = window(graph, node, each, axis, place - 1, place)
        kept = keepdim and not whole
        found.append(last if kept else reshaped(graph, node, last,
                                                (*shape[:axis], *shape[axis + 1 :])))
    return found[0] if whole else tuple(found)
