# SPDX-License-Identifier: MIT
"""Sums of products by letters: einsum, and what is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import einsum as sums
from puffer_edge.frontends.graph import linear as products
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import axis_of

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@lowers("einsum")
def einsum(graph: Graph, node: Node, equation: str, tensors: Sequence[Operand],
           path: Sequence[int] | None = None) -> Operand:
    """By its equation; in which order, is the same but for rounding."""
    return sums.einsum(graph, node, equation, tensors)


@lowers("tensordot")
def tensordot(graph: Graph, node: Node, x: Operand, other: Operand, dims_self: Sequence[int],
              dims_other: Sequence[int]) -> Operand:
    """Some axes of two tensors are summed over, in pairs."""
    a, b = len(graph.shape(x)), len(graph.shape(other))
    left, right = list(_LETTERS[:a]), list(_LETTERS[a : a + b])
    for one, two in zip(dims_self, dims_other, strict=True):
        right[axis_of(node, two, b)] = left[axis_of(node, one, a)]
    rest = [c for c in (*left, *right) if (c in left) != (c in right)]
    equation = f"{''.join(left)},{''.join(right)}->{''.join(rest)}"
    return sums.einsum(graph, node, equation, (x, other))


@lowers("outer", "ger", "inner")
def outer(graph: Graph, node: Node, x: Operand, vec2: Operand | None = None,
          other: Operand | None = None) -> Operand:
    """All products of two vectors; for ``inner``, sums over the last axes."""
    if other is None:
        assert vec2 is not None
        return sums.einsum(graph, node, "a,b->ab", (x, vec2))
    a, b = len(graph.shape(x)) - 1, len(graph.shape(other)) - 1
    left, right = _LETTERS[:a], _LETTERS[a : a + b]
    return sums.einsum(graph, node, f"{left}z,{right}z->{left}{right}", (x, other))


@lowers("bilinear")
def bilinear(graph: Graph, node: Node, input1: Operand, input2: Operand, weight: Operand,
             bias: Operand | None = None) -> Operand:
    """``y[o] = sum_ij x1[i] W[o, i, j] x2[j] + b[o]``."""
    y = sums.einsum(graph, node, "...i,oij,...j->...o", (input1, weight, input2))
    return y if bias is None else combine(graph, node, "add", y, bias)


@lowers("_weight_norm", "_weight_norm_interface")
def weight_norm(graph: Graph, node: Node, v: Operand, g: Operand, dim: int = 0) -> Any:
    """``g * v / |v|``, the norm over all axes but one; of constants, at once."""
    direction, size = graph.array(v, node, "the weight"), graph.array(g, node, "its norm")
    axis = axis_of(node, dim, direction.ndim) if dim != -1 else None
    rest = tuple(a for a in range(direction.ndim) if a != axis)
    length = np.sqrt(np.square(direction.astype(np.float64)).sum(axis=rest, keepdims=True))
    y = np.asarray(direction * (size / length), np.float32)
    return (y, length.astype(np.float32)) if "interface" in node.op_type else y


@lowers("norm", "linalg_norm", "linalg_vector_norm", "frobenius_norm")
def norm(graph: Graph, node: Node, x: Operand, ord: Any = None, p: float | None = None,
         dim: Any = None, keepdim: bool = False, dtype: str | None = None) -> Operand:
    """Of vectors, of order 1, 2 or infinity; of matrices, Frobenius' one."""
    shape = graph.shape(x)
    dims = [dim] if isinstance(dim, int) else list(dim or range(len(shape)))
    axes = tuple(sorted({axis_of(node, d, len(shape)) for d in dims}))
    ord = p if ord is None else ord
    if ord in (None, "fro") or "frobenius" in node.op_type:
        ord = 2
    elif "linalg_norm" in node.op_type and len(axes) == 2:  # these are norms of matrices
        raise node.refuse(f"ord = {ord} of a matrix")
    if ord not in (1, 2, float("inf")) or not axes:
        raise node.refuse(f"ord = {ord}")
    if ord == 2:
        total = reduced(graph, node, combine(graph, node, "mul", x, x), "sum", axes, keep=keepdim)
        return apply(graph, node, total, "sqrt")
    return reduced(graph, node, apply(graph, node, x, "abs"), "sum" if ord == 1 else "max", axes,
                   keep=keepdim)


@lowers("addbmm")
def addbmm(graph: Graph, node: Node, x: Operand, batch1: Operand, batch2: Operand,
           beta: float = 1, alpha: float = 1) -> Operand:
    """``x`` and the sum of a batch of products."""
    if (beta, alpha) != (1, 1):
        raise node.refuse(f"beta = {beta}, alpha = {alpha}")
    y = sums.einsum(graph, node, "bij,bjk->ik", (batch1, batch2))
    return combine(graph, node, "add", y, x)


@lowers("chain_matmul", "linalg_multi_dot")
def chain(graph: Graph, node: Node, matrices: Sequence[Operand] = (),
          tensors: Sequence[Operand] = ()) -> Operand:
    """Products from the left."""
    first, *rest = matrices or tensors
    for other in rest:
        first = products.matmul(graph, node, first, other)
    return first


@lowers("cosine_similarity")
def cosine_similarity(graph: Graph, node: Node, x1: Operand, x2: Operand, dim: int = 1,
                      eps: float = 1e-8) -> Operand:
    """``x1 . x2 / sqrt(max(|x1|^2, eps^2) max(|x2|^2, eps^2))``."""
    axes = (axis_of(node, dim, len(graph.shape(x1))),)

    def total(a: Operand, b: Operand) -> Operand:
        return reduced(graph, node, combine(graph, node, "mul", a, b), "sum", axes, keep=False)

    def length(a: Operand) -> Operand:
        return apply(graph, node, combine(graph, node, "max", total(a, a), np.full(
            (), eps * eps, np.float32)), "sqrt")

    lengths = combine(graph, node, "mul", length(x1), length(x2))
    return combine(graph, node, "div", total(x1, x2), lengths)
