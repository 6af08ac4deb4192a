# SPDX-License-Identifier: MIT
"""Reductions over axes."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.graph import ranking
from puffer_edge.frontends.graph import reduction as reductions
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.reduction import log_sum_exp, reduced
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.frontends.onnx.shape import axes_of
from puffer_edge.ir.ops import Split

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
        return _product(graph, node, x, where, keep=keep)
    if node.op_type in ("ReduceL2", "ReduceSumSquare"):
        x = combine(graph, node, "mul", x, x)
    elif node.op_type == "ReduceL1":
        x = apply(graph, node, x, "abs")
    function = node.op_type.removeprefix("Reduce").lower()
    if where:
        x = reduced(graph, node, x, function if function in ("mean", "max", "min") else "sum",
                    where, keep=keep)
    return apply(graph, node, x, "sqrt") if node.op_type == "ReduceL2" else x


def _product(graph: Graph, node: Node, x: Operand, axes: tuple[int, ...], *, keep: bool
             ) -> Operand:
    """Of the elements along some axes, one after another."""
    shape = graph.shape(x)
    for axis in axes:
        size = graph.shape(x)[axis]
        if size > ranking.MAX_SIZE:
            raise node.refuse(f"the product of {size} computed numbers")
        parts = graph.add_many(node, Split, size, x=x, sizes=(1,) * size, axis=axis) if (
            size > 1) else (x,)
        x = functools.reduce(lambda a, b: combine(graph, node, "mul", a, b), parts)
    return x if keep else reshaped(graph, node, x, tuple(
        n for a, n in enumerate(shape) if a not in axes))


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


@lowers("ArgMax", "ArgMin")
def arg_max(graph: Graph, node: Node, x: Operand) -> Operand:
    """At the end of a discrete head the contract chooses from the logits itself; else an index."""
    shape, largest = graph.shape(x), node.op_type == "ArgMax"
    axis = axis_of(node, node.get("axis", 0), len(shape))
    keep = node.flag("keepdims", True)
    if node.flag("select_last_index"):
        raise node.refuse("only the first of equal values")
    if not isinstance(x, str):
        host = np.argmax if largest else np.argmin
        return np.asarray(host(x, axis=axis, keepdims=keep))

    def index() -> Operand:
        graph.integers.update(node.outputs)
        y = ranking.first_of(graph, node, x, axis, largest=largest)
        return y if keep else reshaped(graph, node, y, (*shape[:axis], *shape[axis + 1 :]))

    return reductions.arg_max(graph, node, x, axis, index) if largest else index()


@lowers("CumSum")
def cumulated(graph: Graph, node: Node, x: Operand, axis: Operand) -> Operand:
    """Sums up to each element of an axis, from either end, with or without it."""
    (place,) = graph.integers_of(axis, node, "the axis")
    place = axis_of(node, place, len(graph.shape(x)))
    backwards, exclusive = node.flag("reverse"), node.flag("exclusive")
    if isinstance(x, str):
        return reductions.cumulated(graph, node, x, place, backwards=backwards,
                                    exclusive=exclusive)
    y = np.flip(x, place) if backwards else x
    total = np.cumsum(y, place, dtype=x.dtype) - (y if exclusive else np.zeros((), x.dtype))
    return np.asarray(np.flip(total, place) if backwards else total)
