"""Categories: OneHot, and Gather of a constant table by an observation (an embedding)."""

from __future__ import annotations

import numpy as np

from puffer_edge.frontends.onnx.graph import Array, Graph, Operand, lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.frontends.onnx.shape import axis_of
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


@lowers("OneHot")
def onnx_one_hot(graph: Graph, node: Node, x: Operand, depth: Operand, values: Operand) -> Operand:
    """Values 0 and 1, the new axis last."""
    (classes,) = graph.array(depth, node, "the depth").reshape(-1).tolist()
    off_on = graph.array(values, node, "the values").reshape(-1).tolist()
    rank = len(graph.shape(x)) + 1
    if off_on != [0, 1] or axis_of(node, node.get("axis", -1), rank) != rank - 1:
        raise node.refuse("other values than 0 and 1, or another axis than the last")
    if not isinstance(x, str):
        raise node.refuse("a constant")
    return one_hot(graph, node, x, int(classes))
