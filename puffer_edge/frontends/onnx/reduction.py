# SPDX-License-Identifier: MIT
"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.graph import reduction as reductions
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.reduction import log_sum_exp, reduced
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.frontends.onnx.shape import axes_of

_HOST: dict[str, Callable[..., Array]] = {
    "ReduceMax": np.max, "ReduceMean": np.mean, "ReduceMin": np.min, "ReduceProd": np.prod,
    "ReduceSum": np.sum,
}


@lowers("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
        "ReduceSumSquare", "ReduceProd")
def reduction(graph: Graph, node: Node, x: Operand, axes: Operand | None = None) -> Operand:
    """All axes by default; the norms are sums of what is inside them."""
    shape, keep = graph.shape(x), node.flag("keepdims", True)
    where = axes_of(graph, node, axes, len(shape)) or ()
    if not where and not node.flag("noop_with_empty_axes"):
        where = tuple(range(len(shape)))
    if not isinstance(x, str) and node.op_type in _HOST:
        y = _HOST[node.op_type](x, axis=where, keepdims=keep) if where else x
        return np.asarray(y).astype(x.dtype)
    if node.op_type == "ReduceProd":
        raise node.refuse("the product of values computed from the observation")
    if node.op_type in ("ReduceL2", "ReduceSumSquare"):
        x = combine(graph, node, "mul", x, x)
    elif node.op_type == "ReduceL1":
        x = apply(graph, node, x, "abs")
    function = node.op_type.removeprefix("Reduce").lower()
    if where:
        x = reduced(graph, node, x, function if function in ("mean", "max", "min") else "sum",
                    where, keep=keep)
    return apply(graph, node, x, "sqrt") if node.op_type == "ReduceL2" else x


@lowers("GlobalAveragePool", "GlobalMaxPool")
def global_pool(graph: Graph, node: Node, x: Operand) -> Operand:
    """The mean or maximum of each channel."""
    rank = len(graph.shape(x))
    if rank < 3:
        raise node.refuse(f"{rank} dimensions")
    function = "mean" if node.op_type == "GlobalAveragePool" else "max"
    return reduced(graph, node, x, function, tuple(range(2, rank)), keep=True)


@lowers("ReduceLogSum", "ReduceLogSumExp")
def log_sum(graph: Graph, node: Node, x: Operand, axes: Operand | None = None) -> Operand:
    """``log(sum(x))``, or ``log(sum(exp(x)))`` around the largest element."""
    shape, keep = graph.shape(x), node.flag("keepdims", True)
    where = axes_of(graph, node, axes, len(shape)) or tuple(range(len(shape)))
    if not where or node.flag("noop_with_empty_axes"):
        raise node.refuse("no axes")
    if node.op_type == "ReduceLogSum":
        return apply(graph, node, reduced(graph, node, x, "sum", where, keep=keep), "log")
    largest, total = log_sum_exp(graph, node, x, where)
    y = combine(graph, node, "add", largest, total)
    return y if keep else reshaped(graph, node, y, tuple(
        n for a, n in enumerate(shape) if a not in where))


@lowers("LogSoftmax")
def log_softmax(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x - max - log(sum(exp(x - max)))``; left out at the end of a discrete head."""
    shape = graph.shape(x)
    axis = axis_of(node, node.get("axis", -1 if node.opset >= 13 else 1), len(shape))
    axes = (axis,) if node.opset >= 13 else tuple(range(axis, len(shape)))
    return reductions.log_softmax(graph, node, x, axes)


@lowers("ArgMax")
def arg_max(graph: Graph, node: Node, x: Operand) -> Operand:
    """Only at the end of a discrete head: the contract chooses from the logits itself."""
    shape = graph.shape(x)
    axis = axis_of(node, node.get("axis", 0), len(shape))
    if node.flag("select_last_index"):
        raise node.refuse("only the first of equal values")
    return reductions.arg_max(graph, node, x, axis)
