# SPDX-License-Identifier: MIT
"""Gemm, MatMul and Conv."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.arithmetic import plus, scaled, scaled_array
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.linear import matmul
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Conv, Gemm, MatMul, Transpose


@lowers("Gemm")
def gemm(graph: Graph, node: Node, a: Operand, b: Operand, c: Operand | None = None) -> Operand:
    """``alpha * A' @ B' + beta * C``: the factors go into constant weights and bias."""
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    if node.flag("transA"):
        a = graph.add(node, Transpose, x=a, permutation=(1, 0))
    if isinstance(b, str):
        if node.flag("transB"):
            b = graph.add(node, Transpose, x=b, permutation=(1, 0))
        product = scaled(graph, node, graph.add(node, MatMul, a=a, b=b), alpha)
        return product if c is None else plus(graph, node, product, scaled(graph, node, c, beta))
    weight = scaled_array(b if node.flag("transB") else b.T, alpha)
    bias = None if c is None or isinstance(c, str) else _bias_vector(c, weight.shape[0])
    if bias is not None:
        return graph.add(node, Gemm, x=a, weight=weight, bias=scaled_array(bias, beta))
    product = graph.add(node, Gemm, x=a, weight=weight)
    return product if c is None else plus(graph, node, product, scaled(graph, node, c, beta))


lowers("MatMul")(matmul)


@lowers("Conv")
def conv(graph: Graph, node: Node, x: Operand, w: Operand, b: Operand | None = None) -> Operand:
    """1-D or 2-D; ``auto_pad`` is resolved, as all sizes are known."""
    weight = graph.array(w, node, "the weight")
    rank = weight.ndim - 2
    if rank not in (1, 2) or len(graph.shape(x)) != rank + 2:
        raise node.refuse(f"a convolution over {rank} dimensions; 1 and 2 are supported")
    strides = node.get("strides", (1,) * rank)
    dilations = node.get("dilations", (1,) * rank)
    kernel = weight.shape[2:]
    pads = padding(node, graph.shape(x)[2:], kernel, strides, dilations)
    fits = (len(strides) == len(dilations) == rank and len(pads) == 2 * rank
            and min(*strides, *dilations, *kernel, node.get("group", 1)) >= 1 and min(pads) >= 0
            and node.get("kernel_shape", kernel) == kernel)
    if not fits:
        raise FileFormatError("the attributes of the convolution do not fit", where=node.where)
    bias = {} if b is None else {"bias": graph.array(b, node, "the bias")}
    return graph.add(node, Conv, x=x, weight=weight, **bias, strides=strides, pads=pads,
                     dilations=dilations, group=node.get("group", 1))


def padding(node: Node, sizes: tuple[int, ...], kernel: tuple[int, ...],
            strides: tuple[int, ...], dilations: tuple[int, ...]) -> tuple[int, ...]:
    """Begins, then ends, by ``pads`` or ``auto_pad`` (ONNX, operator Conv)."""
    rank, mode = len(kernel), node.get("auto_pad", "NOTSET")
    if mode == "NOTSET":
        return tuple(node.get("pads", (0,) * (2 * rank)))
    if mode == "VALID":
        return (0,) * (2 * rank)
    if mode not in ("SAME_UPPER", "SAME_LOWER") or not len(strides) == len(dilations) == rank:
        raise node.refuse(f"auto_pad {mode!r}")
    begins, ends = [], []
    for size, k, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
        if stride < 1:
            raise FileFormatError(f"stride {stride}", where=node.where)
        extent = (-(-size // stride) - 1) * stride + dilation * (k - 1) + 1
        total = max(extent - size, 0)
        begins.append(total // 2 if mode == "SAME_UPPER" else total - total // 2)
        ends.append(total - begins[-1])
    return (*begins, *ends)


def _bias_vector(c: Array, outputs: int) -> Array | None:
    """C as a bias of one number per output, or None where it has one per row."""
    if c.ndim > 1 and c.shape[0] != 1:
        return None
    return np.broadcast_to(c.reshape(-1), (outputs,)) if c.size in (1, outputs) else None
