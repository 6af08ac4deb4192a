# SPDX-License-Identifier: MIT
"""TopK and Hardmax of a few values, by their ranks."""

from __future__ import annotations

from math import prod

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.categories import one_hot
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.ranking import MAX_SIZE, ordered, ranks
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Transpose


@lowers("TopK")
def top_k(graph: Graph, node: Node, x: Operand, k: Operand | None = None) -> tuple[Operand, ...]:
    """Values and indices along one axis, the largest (or smallest) first, of equals the first."""
    shape = graph.shape(x)
    axis = axis_of(node, node.get("axis", -1), len(shape))
    counts = (node.get("k", 0),) if k is None else graph.integers_of(k, node, "k")
    size = shape[axis]
    if len(counts) != 1 or not 1 <= counts[0] <= size:
        raise FileFormatError(f"the {counts} largest of {size}", where=node.where)
    graph.integers.update(node.outputs[1:])
    return ordered(graph, node, x, axis, counts[0], largest=node.flag("largest", True))


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
    rank = ranks(graph, node, reshaped(graph, node, x, (*lead, 1, size)),
                  reshaped(graph, node, x, (*lead, size, 1)), size)
    hot = reshaped(graph, node, one_hot(graph, node, rank, 1), graph.shape(x))
    if node.opset < 13 or axis == len(shape) - 1:
        return hot
    return graph.add(node, Transpose, x=hot, permutation=tuple(map(order.index, range(len(shape)))))
