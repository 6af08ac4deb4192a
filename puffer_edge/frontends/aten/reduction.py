# SPDX-License-Identifier: MIT
"""Reductions over axes, and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import pooling
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import axis_of, reshaped

_FUNCTION = {"amax": "max", "amin": "min", "max": "max", "mean": "mean", "min": "min",
             "sum": "sum"}


def _axes(graph: Graph, node: Node, x: Operand, dim: Any) -> tuple[int, ...]:
    rank = len(graph.shape(x))
    dims = [dim] if isinstance(dim, int) else dim or range(rank)
    return tuple(sorted({axis_of(node, d, rank) for d in dims}))


@lowers("mean", "sum", "amax", "amin")
def reduction(graph: Graph, node: Node, x: Operand, dim: Any = None, keepdim: bool = False,
              dtype: str | None = None) -> Operand:
    """Over some axes, or over all."""
    function = _FUNCTION[node.op_type.split(".")[1]]
    axes = _axes(graph, node, x, dim)
    return reduced(graph, node, x, function, axes, keep=keepdim) if axes else x


@lowers("max", "min")
def extreme(graph: Graph, node: Node, x: Operand, dim: int | None = None, keepdim: bool = False,
            other: Operand | None = None) -> Any:
    """Of all elements, along an axis (without its positions), or of two tensors."""
    function = _FUNCTION[node.op_type.split(".")[1]]
    if other is not None:
        return combine(graph, node, function, x, other)
    y = reduced(graph, node, x, function, _axes(graph, node, x, dim), keep=keepdim)
    return y if dim is None else (y, None)


@lowers("linalg_vector_norm", "norm")
def norm(graph: Graph, node: Node, x: Operand, ord: float = 2, p: float | None = None,
         dim: Any = None, keepdim: bool = False, dtype: str | None = None) -> Operand:
    """Of order 1 or 2."""
    ord = ord if p is None else p
    if ord not in (1, 2):
        raise node.refuse(f"ord = {ord}")
    inner = apply(graph, node, x, "abs") if ord == 1 else combine(graph, node, "mul", x, x)
    total = reduced(graph, node, inner, "sum", _axes(graph, node, x, dim), keep=keepdim)
    return total if ord == 1 else apply(graph, node, total, "sqrt")


@lowers("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d")
def pool(graph: Graph, node: Node, x: Operand, kernel_size: Sequence[int],
         stride: Sequence[int] = (), padding: Sequence[int] = (0,), dilation: Sequence[int] = (1,),
         ceil_mode: bool = False, count_include_pad: bool = True,
         divisor_override: int | None = None) -> Operand:
    """With torch's defaults: the stride is the kernel."""
    rank = int(node.op_type.split(".")[1][-2])
    if divisor_override is not None:
        raise node.refuse("divisor_override")
    shape = graph.shape(x)
    batched = len(shape) == rank + 2
    x = x if batched else reshaped(graph, node, x, (1, *shape))

    def spread(values: Sequence[int]) -> tuple[int, ...]:
        return tuple(values) * (rank // len(values))

    window = pooling.Window(spread(kernel_size), spread(stride or kernel_size),
                            spread(dilation), spread(padding) * 2, ceil_mode, count_include_pad)
    y = pooling.pool(graph, node, x, window, largest="max" in node.op_type)
    return y if batched else reshaped(graph, node, y, graph.shape(y)[1:])


@lowers("adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d")
def adaptive_pool(graph: Graph, node: Node, x: Operand, output_size: Sequence[int]) -> Operand:
    """To one element per channel only."""
    if any(n != 1 for n in output_size):
        raise node.refuse(f"output_size = {list(output_size)}", "only 1 is supported")
    rank = len(graph.shape(x))
    return reduced(graph, node, x, "mean", tuple(range(rank - len(output_size), rank)), keep=True)
