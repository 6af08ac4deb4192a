# SPDX-License-Identifier: MIT
"""Categories: OneHot, and Gather of a constant table by an observation (an embedding)."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.categories import MAX_CLASSES, one_hot
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.shape import axis_of
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Binary, Transpose


@lowers("OneHot")
def onnx_one_hot(graph: Graph, node: Node, x: Operand, depth: Operand, values: Operand) -> Operand:
    """One value where the number is the index, another elsewhere."""
    classes = graph.scalar(depth, node, "the depth")
    off_on = graph.array(values, node, "the values").reshape(-1)
    rank = len(graph.shape(x)) + 1
    axis = axis_of(node, node.get("axis", -1), rank)
    if off_on.shape != (2,) or off_on.dtype.kind not in "iufb":
        raise FileFormatError("the values are not two numbers", where=node.where)
    if not classes.is_integer() or not 1 <= classes <= MAX_CLASSES:
        raise node.refuse(f"{classes:g} categories", f"whole numbers up to {MAX_CLASSES} are "
                          "supported")
    if not isinstance(x, str):
        graph.spend(node, x.size * int(classes))
        hot = x[..., None] == np.arange(int(classes)) - int(classes) * (x[..., None] < 0)
        return np.asarray(np.moveaxis(np.where(hot, off_on[1], off_on[0]), -1, axis))
    y = one_hot(graph, node, x, int(classes))
    off, on = map(float, off_on)
    if (off, on) != (0, 1):
        spread = graph.add(node, Binary, a=y, b=number(on - off), function="mul")
        y = graph.add(node, Binary, a=spread, b=number(off), function="add")
    if axis == rank - 1:
        return y
    order = [*range(rank - 1)]
    order.insert(axis, rank - 1)
    return graph.add(node, Transpose, x=y, permutation=tuple(order))
