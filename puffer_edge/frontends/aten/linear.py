# SPDX-License-Identifier: MIT
"""Linear layers, matrix products and convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import linear as products
from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Conv, Gemm, Transpose


@lowers("linear")
def linear(graph: Graph, node: Node, x: Operand, weight: Operand, bias: Operand | None = None
           ) -> Operand:
    """Torch stores the weight as Gemm wants it."""
    if isinstance(weight, str) or isinstance(bias, str):
        turned = graph.add(node, Transpose, x=weight, permutation=(1, 0))
        product = products.matmul(graph, node, x, turned)
        return product if bias is None else combine(graph, node, "add", product, bias)
    fields = {} if bias is None else {"bias": bias}
    return graph.add(node, Gemm, x=x, weight=weight, **fields)


@lowers("mm", "matmul", "bmm", "mv", "dot", "vdot", "linalg_matmul")
def matmul(graph: Graph, node: Node, x: Operand, other: Operand | None = None,
           mat2: Operand | None = None, vec: Operand | None = None,
           tensor: Operand | None = None) -> Operand:
    """Numpy's rules for vectors and leading axes; a constant on the right becomes a Gemm."""
    right = next(v for v in (other, mat2, vec, tensor) if v is not None)
    return products.matmul(graph, node, x, right)


@lowers("addmm", "baddbmm", "addmv")
def addmm(graph: Graph, node: Node, x: Operand, mat1: Operand | None = None,
          mat2: Operand | None = None, batch1: Operand | None = None,
          batch2: Operand | None = None, mat: Operand | None = None, vec: Operand | None = None,
          beta: float = 1, alpha: float = 1) -> Operand:
    """``beta * x + alpha * a @ b``; a vector over a constant matrix is a linear layer."""
    a = next(v for v in (mat1, batch1, mat) if v is not None)
    b = next(v for v in (mat2, batch2, vec) if v is not None)
    if not isinstance(b, str) and not isinstance(x, str) and beta == alpha == 1 and (
            b.ndim == 2 and x.shape == b.shape[1:]):
        return graph.add(node, Gemm, x=a, weight=np.ascontiguousarray(b.T), bias=x)
    product = scaled(graph, node, products.matmul(graph, node, a, b), alpha)
    return combine(graph, node, "add", product, scaled(graph, node, x, beta))


@lowers("conv1d", "conv2d", "convolution", "_convolution")
def conv(graph: Graph, node: Node, x: Operand, weight: Operand, bias: Operand | None = None,
         stride: Sequence[int] = (1,), padding: Sequence[int] | str = (0,),
         dilation: Sequence[int] = (1,), transposed: bool = False, groups: int = 1) -> Operand:
    """1-D or 2-D; ``padding`` may be ``same`` or ``valid``."""
    kernel = graph.array(weight, node, "the weight")
    rank = kernel.ndim - 2
    if transposed:
        raise node.refuse("a transposed convolution")
    if rank not in (1, 2):
        raise node.refuse(f"a convolution over {rank} dimensions; 1 and 2 are supported")
    shape = graph.shape(x)
    batched = len(shape) == rank + 2
    x = x if batched else reshaped(graph, node, x, (1, *shape))
    steps, gaps = (tuple(v) * (rank // len(v)) for v in (stride, dilation))
    if padding == "same":  # torch puts the odd one behind, and allows no stride
        totals = [g * (k - 1) for g, k in zip(gaps, kernel.shape[2:], strict=True)]
        begins = tuple(t // 2 for t in totals)
        ends = tuple(t - b for t, b in zip(totals, begins, strict=True))
    else:
        begins = ends = (0,) * rank if padding == "valid" else (
            tuple(int(n) for n in padding) * (rank // len(padding)))
    if min(*steps, *gaps, *kernel.shape, groups) < 1 or min(*begins, *ends) < 0:
        raise ValueError("a stride, dilation or padding is negative")
    fields = {} if bias is None else {"bias": graph.array(bias, node, "the bias")}
    y = graph.add(node, Conv, x=x, weight=kernel, **fields, strides=steps, pads=(*begins, *ends),
                  dilations=gaps, group=groups)
    return y if batched else reshaped(graph, node, y, graph.shape(y)[1:])
