# SPDX-License-Identifier: MIT
"""Functions that are made of others: of vectors, along an axis, of single elements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.aten.moving import cat, window
from puffer_edge.frontends.aten.reduction import typed
from puffer_edge.frontends.graph import comparison, reduction
from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.functions import apply, truncated
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.ir.ops import Gather


@lowers("cross", "linalg_cross")
def cross(graph: Graph, node: Node, x: Operand, other: Operand, dim: int | None = None) -> Operand:
    """The cross product along an axis of 3 elements; ``torch.cross`` takes the first such."""
    shape = graph.shape(x)
    if dim is None:
        dim = shape.index(3) if node.op_type.startswith("aten.cross") else -1
    axis = axis_of(node, dim, len(shape))
    if shape[axis] != 3 or graph.shape(other) != shape:
        raise node.refuse(f"of {shape} and {graph.shape(other)}")

    def turned(operand: Operand, *indices: int) -> Operand:
        return graph.add(node, Gather, x=operand, indices=indices, axis=axis)

    first = combine(graph, node, "mul", turned(x, 1, 2, 0), turned(other, 2, 0, 1))
    second = combine(graph, node, "mul", turned(x, 2, 0, 1), turned(other, 1, 2, 0))
    return combine(graph, node, "sub", first, second)


@lowers("std", "var")
def spread(graph: Graph, node: Node, x: Operand, dim: int | Sequence[int] | None = None,
           unbiased: bool = True, correction: float | None = None, keepdim: bool = False
           ) -> Operand:
    """``sum((x - mean)^2) / (n - correction)`` over axes, or its root."""
    shape = graph.shape(x)
    dims = [dim] if isinstance(dim, int) else dim or range(len(shape))
    axes = tuple(sorted({axis_of(node, each, len(shape)) for each in dims}))
    count = prod(shape[axis] for axis in axes)
    rest = count - (float(unbiased) if correction is None else correction)
    if not rest > 0:
        raise node.refuse(f"of {count} elements")
    mean = reduced(graph, node, x, "mean", axes, keep=True)
    away = combine(graph, node, "sub", x, mean)
    total = reduced(graph, node, combine(graph, node, "mul", away, away), "sum", axes,
                    keep=keepdim)
    variance = scaled(graph, node, total, 1 / rest)
    return apply(graph, node, variance, "sqrt") if "std" in node.op_type else variance


@lowers("cumsum")
def cumsum(graph: Graph, node: Node, x: Operand, dim: int, dtype: str | None = None) -> Operand:
    """A product with a triangle of ones, the axis last."""
    shape = graph.shape(x)
    axis = axis_of(node, dim, len(shape))
    if not isinstance(x, str):
        return np.asarray(np.cumsum(typed(x, dtype), axis=axis))
    return reduction.cumulated(graph, node, x, axis)


@lowers("diff")
def diff(graph: Graph, node: Node, x: Operand, n: int = 1, dim: int = -1,
         prepend: Operand | None = None, append: Operand | None = None) -> Operand:
    """Each element without the one before it, n times."""
    axis = axis_of(node, dim, len(graph.shape(x)))
    parts = [part for part in (prepend, x, append) if part is not None]
    x = cat(graph, node, parts, axis)
    for _ in range(n):
        size = graph.shape(x)[axis]
        x = combine(graph, node, "sub", window(graph, node, x, axis, 1, size),
                    window(graph, node, x, axis, 0, size - 1))
    return x


@lowers("floor", "ceil", "round", "trunc", "fix")
def rounded(graph: Graph, node: Node, x: Operand, decimals: int = 0) -> Operand:
    """To whole numbers, or to decimals; halves to the even one."""
    op = node.op_type.split(".")[1].rstrip("_")
    if op in ("trunc", "fix"):
        return truncated(graph, node, x) if isinstance(x, str) else np.trunc(x)
    if decimals == 0:
        return apply(graph, node, x, op)
    steps = number(10.0 ** abs(decimals))
    there, back = ("mul", "div") if decimals > 0 else ("div", "mul")
    return combine(graph, node, back, apply(graph, node, combine(graph, node, there, x, steps), op),
                   steps)


@lowers("log1p", "expm1")
def near_zero(graph: Graph, node: Node, x: Operand) -> Operand:
    """``log(1 + x)`` and ``exp(x) - 1``, with the absolute error of a rounding to 1."""
    if "log1p" in node.op_type:
        return apply(graph, node, combine(graph, node, "add", x, number(1)), "log")
    return combine(graph, node, "sub", apply(graph, node, x, "exp"), number(1))


@lowers("logsumexp")
def log_sum_exp(graph: Graph, node: Node, x: Operand, dim: int | Sequence[int],
                keepdim: bool = False) -> Operand:
    """``log(sum(exp(x)))``, from the largest element on."""
    shape = graph.shape(x)
    axes = tuple(sorted({axis_of(node, each, len(shape))
                         for each in ([dim] if isinstance(dim, int) else dim)}))
    largest, total = reduction.log_sum_exp(graph, node, x, axes)
    y = combine(graph, node, "add", largest, total)
    return y if keepdim else reshaped(graph, node, y, tuple(
        size for axis, size in enumerate(shape) if axis not in axes))


@lowers("nan_to_num")
def nan_to_num(graph: Graph, node: Node, x: Operand, nan: Any = None, posinf: Any = None,
               neginf: Any = None) -> Operand:
    """The same: observations are finite, as is a softmax of which something is left."""
    if not isinstance(x, str) or not comparison.has_numbers(graph, x):
        raise node.refuse("of what may be no number")
    return x
