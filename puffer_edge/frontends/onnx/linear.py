"""Gemm, MatMul and Conv."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.onnx.graph import Array, Graph, Operand, lowers, number
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Binary, Conv, Expand, Gemm, MatMul, Reshape, Transpose


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


@lowers("MatMul")
def matmul(graph: Graph, node: Node, a: Operand, b: Operand) -> Operand:
    """A linear layer where the right side is a constant matrix, else a product of values."""
    if not isinstance(b, str) and b.ndim == 2:
        return graph.add(node, Gemm, x=a, weight=np.ascontiguousarray(b.T))
    rows, columns = graph.shape(a), graph.shape(b)
    if not rows or not columns:
        raise node.refuse("a scalar is multiplied as a matrix")
    left = rows if len(rows) > 1 else (1, *rows)
    right = columns if len(columns) > 1 else (*columns, 1)
    try:
        batch = np.broadcast_shapes(left[:-2], right[:-2])
    except ValueError:
        raise FileFormatError(f"{rows} and {columns} cannot be multiplied",
                              where=node.where) from None
    product = graph.add(node, MatMul, a=_batched(graph, node, a, (*batch, *left[-2:])),
                        b=_batched(graph, node, b, (*batch, *right[-2:])))
    # numpy's rule: an axis that a vector did not have vanishes from the product.
    shape = (*batch, *left[-2:-1][: len(rows) - 1], *right[-1:][: len(columns) - 1])
    if shape == graph.shape(product):
        return product
    return graph.add(node, Reshape, x=product, shape=shape)


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


def plus(graph: Graph, node: Node, a: Operand, b: Operand) -> Operand:
    """The sum of two float operands."""
    return graph.add(node, Binary, a=a, b=b, function="add")


def scaled(graph: Graph, node: Node, x: Operand, factor: float) -> Operand:
    """A float operand times a number; nothing is added for 1."""
    if factor == 1.0:
        return x
    if not isinstance(x, str):
        return scaled_array(x, factor)
    return graph.add(node, Binary, a=x, b=number(factor), function="mul")


def scaled_array(array: Array, factor: float) -> Array:
    """A constant times a number, rounded once to float32."""
    if factor == 1.0:
        return np.ascontiguousarray(array)
    return (array.astype(np.float64) * factor).astype(np.float32)


def _bias_vector(c: Array, outputs: int) -> Array | None:
    """C as a bias of one number per output, or None where it has one per row."""
    if c.ndim > 1 and c.shape[0] != 1:
        return None
    return np.broadcast_to(c.reshape(-1), (outputs,)) if c.size in (1, outputs) else None


def _batched(graph: Graph, node: Node, x: Operand, shape: tuple[int, ...]) -> Operand:
    """``x`` with the leading axes of ``shape``; a vector becomes a matrix first."""
    if len(graph.shape(x)) == 1:
        x = graph.add(node, Reshape, x=x, shape=shape[-2:])
    return x if graph.shape(x) == shape else graph.add(node, Expand, x=x, shape=shape)
