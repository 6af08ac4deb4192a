# SPDX-License-Identifier: MIT
"""Reductions over axes, and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.aten.constants import host_dtype
from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import comparison, pooling
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.ranking import MAX_SIZE, first_of
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.ir.ops import Concat, Slice, Split

MAX_FACTORS = 64
"""Parts of an axis that are joined one by one."""

_FUNCTION = {"amax": "max", "amin": "min", "max": "max", "mean": "mean", "min": "min",
             "sum": "sum"}


def _axes(graph: Graph, node: Node, x: Operand, dim: Any) -> tuple[int, ...]:
    rank = len(graph.shape(x))
    dims = [dim] if isinstance(dim, int) else dim or range(rank)
    return tuple(sorted({axis_of(node, d, rank) for d in dims}))


def typed(x: Array, dtype: str | None) -> Array:
    """A constant in the type that torch adds or multiplies it up in, if one is asked for."""
    return x if dtype is None else x.astype(host_dtype(dtype))


@lowers("mean", "sum", "amax", "amin")
def reduction(graph: Graph, node: Node, x: Operand, dim: Any = None, keepdim: bool = False,
              dtype: str | None = None) -> Operand:
    """Over some axes, or over all."""
    function = _FUNCTION[node.op_type.split(".")[1]]
    axes = _axes(graph, node, x, dim)
    if not isinstance(x, str) and axes:
        return np.asarray(getattr(np, function)(typed(x, dtype), axis=axes, keepdims=keepdim))
    return reduced(graph, node, x, function, axes, keep=keepdim) if axes else x


@lowers("max", "min")
def extreme(graph: Graph, node: Node, x: Operand, dim: int | None = None, keepdim: bool = False,
            other: Operand | None = None) -> Any:
    """Of all elements, along an axis (with its positions, if it is short), or of two tensors."""
    function = _FUNCTION[node.op_type.split(".")[1]]
    if other is not None:
        return combine(graph, node, function, x, other)
    axes = _axes(graph, node, x, dim)
    y = reduced(graph, node, x, function, axes, keep=keepdim)
    if dim is None or graph.shape(x)[axes[0]] > MAX_SIZE or not isinstance(x, str):
        return y if dim is None else (y, None)
    places = first_of(graph, node, x, axes[0], largest=function == "max")
    return y, places if keepdim else reshaped(graph, node, places, graph.shape(y))


@lowers("aminmax")
def both_extremes(graph: Graph, node: Node, x: Operand, dim: int | None = None,
                  keepdim: bool = False) -> tuple[Operand, Operand]:
    """The smallest and the largest."""
    axes = _axes(graph, node, x, dim)
    return (reduced(graph, node, x, "min", axes, keep=keepdim),
            reduced(graph, node, x, "max", axes, keep=keepdim))


@lowers("any", "all", moving=True)
def any_or_all(graph: Graph, node: Node, x: Operand, dim: Any = None, keepdim: bool = False
               ) -> Operand:
    """Whether one element, or each, is not 0."""
    mask = x if isinstance(x, str) and x in graph.flags else comparison.nonzero(graph, node, x)
    axes, most = _axes(graph, node, x, dim), node.op_type.split(".")[1] == "any"
    if not isinstance(mask, str):
        return np.asarray((np.any if most else np.all)(mask, axis=axes, keepdims=keepdim))
    return mask if not axes else reduced(graph, node, mask, "max" if most else "min", axes,
                                         keep=keepdim)


@lowers("prod", "cumprod")
def product(graph: Graph, node: Node, x: Operand, dim: int | None = None, keepdim: bool = False,
            dtype: str | None = None) -> Operand:
    """Of the elements of an axis, or of all of them, one after another; or each on the way."""
    shape = graph.shape(x)
    if not isinstance(x, str):
        x = typed(x, dtype)
        return np.asarray(np.cumprod(x, dim) if "cumprod" in node.op_type
                          else np.prod(x, dim, keepdims=keepdim))
    if dim is None:
        x, shape, dim = reshaped(graph, node, x, (prod(shape),)), (prod(shape),), 0
    axis = axis_of(node, dim, len(shape))
    if shape[axis] > MAX_FACTORS:
        raise node.refuse(f"{shape[axis]} factors", f"up to {MAX_FACTORS} are supported")
    parts = graph.add_many(node, Split, shape[axis], x=x, sizes=(1,) * shape[axis], axis=axis
                           ) if shape[axis] > 1 else (x,)
    products = list(accumulate(parts, lambda a, b: combine(graph, node, "mul", a, b)))
    if "cumprod" in node.op_type:
        return graph.add(node, Concat, xs=tuple(products), axis=axis) if parts[1:] else x
    return products[-1] if keepdim else reshaped(
        graph, node, products[-1], (*shape[:axis], *shape[axis + 1 :]))


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


@lowers("adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d",
        "adaptive_max_pool1d", "adaptive_max_pool2d")
def adaptive_pool(graph: Graph, node: Node, x: Operand, output_size: Sequence[int | None]) -> Any:
    """To a number of elements per channel: windows from ``floor(i n / m)`` to ``ceil(...)``.

    That is one pool where the windows are alike, else one mean or maximum per window and axis.
    """
    largest = "max" in node.op_type
    shape, count = graph.shape(x), len(output_size)
    for axis, wished in zip(range(len(shape) - count, len(shape)), output_size, strict=True):
        size = shape[axis]
        bins = size if wished is None else wished
        if not 0 < bins <= MAX_FACTORS:
            raise node.refuse(f"output_size = {list(output_size)}")
        edges = [(i * size // bins, -(-(i + 1) * size // bins)) for i in range(bins)]
        parts = tuple(reduced(graph, node, _part(graph, node, x, axis, *edge),
                              "max" if largest else "mean", (axis,), keep=True) for edge in edges)
        x = graph.add(node, Concat, xs=parts, axis=axis) if bins > 1 else parts[0]
    return (x, None) if largest else x


def _part(graph: Graph, node: Node, x: Operand, axis: int, start: int, end: int) -> Operand:
    shape = graph.shape(x)
    starts = tuple(start if a == axis else 0 for a in range(len(shape)))
    counts = tuple(end - start if a == axis else n for a, n in enumerate(shape))
    return x if counts == shape else graph.add(node, Slice, x=x, starts=starts, counts=counts,
                                               steps=(1,) * len(shape))
