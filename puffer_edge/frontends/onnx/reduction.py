"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from puffer_edge.frontends.onnx.activation import apply
from puffer_edge.frontends.onnx.arithmetic import combine
from puffer_edge.frontends.onnx.graph import Array, Graph, Operand, lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.frontends.onnx.shape import axes_of, reshaped
from puffer_edge.ir.ops import Reduce, Transpose

_HOST: dict[str, Callable[..., Array]] = {
    "ReduceMax": np.max, "ReduceMean": np.mean, "ReduceMin": np.min, "ReduceProd": np.prod,
    "ReduceSum": np.sum,
}


def reduced(graph: Graph, node: Node, x: Operand, function: str, axes: tuple[int, ...],
            *, keep: bool) -> Operand:
    """``function`` (mean, sum, max, min) over ascending axes, which need not be adjacent."""
    shape = graph.shape(x)
    kept = tuple(a for a in range(len(shape)) if a not in axes)
    if axes[-1] - axes[0] + 1 != len(axes):
        x = graph.add(node, Transpose, x=x, permutation=(*kept, *axes))
        axes = tuple(range(len(kept), len(shape)))
    y = graph.add(node, Reduce, x=x, function=function, axes=axes, keep=False)
    if not keep:
        return y
    return reshaped(graph, node, y, tuple(n if a in kept else 1 for a, n in enumerate(shape)))


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


@lowers("ArgMax", "LogSoftmax")
def decision(graph: Graph, node: Node, x: Operand) -> Operand:
    """Left out at the end of a discrete head: the contract chooses from the logits itself."""
    shape = graph.shape(x)
    default = 0 if node.op_type == "ArgMax" else (-1 if node.opset >= 13 else 1)
    axis = node.get("axis", default) % max(len(shape), 1)
    if not shape or prod(shape[axis + 1 :]) != 1 or node.flag("select_last_index"):
        raise node.refuse("only over the last axis, and the first of equal values")
    graph.choices[node.outputs[0]] = (shape[axis],) * prod(shape[:axis])
    graph.builder.note("dropped", f"{node.op_type} at the end: the action is chosen from its input")
    return x
