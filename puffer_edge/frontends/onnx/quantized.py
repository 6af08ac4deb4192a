# SPDX-License-Identifier: MIT
"""Quantised graphs: QuantizeLinear, DequantizeLinear, and the ops that hold both inside.

They are read as float: weights are what the file's integers stand for, and an activation that the
file quantises is divided by its scale, rounded to a whole number and cut off at the integers' ends,
as the original does: exporters drop a ReLU where the ends do its work.
A quantised tensor is a value of whole numbers, zero point included.
"""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.linear import matmul
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.linear import conv
from puffer_edge.frontends.onnx.lowerings import LOWERINGS, lowers
from puffer_edge.frontends.onnx.node import Node

_NOTE = ("a quantised graph: read as float, with the weights that its integers stand for and its "
         "own rounding of activations")
_STORED = ("weights that are stored in integers are read as the numbers that they stand for, and "
           "what they meet is computed in float")
_RANGES = {np.dtype(kind): (np.iinfo(kind).min, np.iinfo(kind).max)
           for kind in (np.int8, np.uint8, np.int16, np.uint16)}


@lowers("QuantizeLinear")
def quantize_linear(graph: Graph, node: Node, x: Operand, scale: Operand,
                    zero: Operand | None = None) -> Operand:
    """``clip(round(x / scale) + zero, low, high)``; halves go to the even number."""
    return _quantized(graph, node, x, scale, zero)


@lowers("DequantizeLinear")
def dequantize_linear(graph: Graph, node: Node, x: Operand, scale: Operand,
                      zero: Operand | None = None) -> Operand:
    """``(x - zero) * scale``."""
    return _real(graph, node, x, scale, zero)


@lowers("QLinearMatMul")
def q_linear_matmul(graph: Graph, node: Node, a: Operand, a_scale: Operand, a_zero: Operand,
                    b: Operand, b_scale: Operand, b_zero: Operand, scale: Operand, zero: Operand
                    ) -> Operand:
    """The product of both, quantised."""
    y = matmul(graph, node, _real(graph, node, a, a_scale, a_zero),
               _real(graph, node, b, b_scale, b_zero, axis=-1))
    return _quantized(graph, node, y, scale, zero)


@lowers("QGemm")
def q_gemm(graph: Graph, node: Node, a: Operand, a_scale: Operand, a_zero: Operand, b: Operand,
           b_scale: Operand, b_zero: Operand, c: Operand | None = None,
           scale: Operand | None = None, zero: Operand | None = None) -> Operand:
    """com.microsoft's: a Gemm whose bias has the scale of both factors; float without a scale."""
    axis = 0 if node.flag("transB") else 1
    x = _real(graph, node, a, a_scale, a_zero)
    w = _real(graph, node, b, b_scale, b_zero, axis=axis)
    bias = None
    if c is not None:
        factor = graph.array(a_scale, node, "a scale") * graph.array(b_scale, node, "a scale")
        bias = (graph.array(c, node, "the bias") * factor.reshape(-1)).astype(np.float32)
    y = LOWERINGS["Gemm"](graph, node, x, w, bias)
    assert not isinstance(y, tuple)
    return y if scale is None else _quantized(graph, node, y, scale, zero)


@lowers("QLinearConv")
def q_linear_conv(graph: Graph, node: Node, x: Operand, x_scale: Operand, x_zero: Operand,
                  w: Operand, w_scale: Operand, w_zero: Operand, scale: Operand, zero: Operand,
                  c: Operand | None = None) -> Operand:
    """A convolution, quantised; its bias has the scale of both factors."""
    bias = None
    if c is not None:
        factor = graph.array(x_scale, node, "a scale") * graph.array(w_scale, node, "a scale")
        bias = (graph.array(c, node, "the bias") * factor.reshape(-1)).astype(np.float32)
    y = conv(graph, node, _real(graph, node, x, x_scale, x_zero),
             _real(graph, node, w, w_scale, w_zero, axis=0), bias)
    return _quantized(graph, node, y, scale, zero)


@lowers("QLinearAdd", "QLinearMul")
def q_linear_binary(graph: Graph, node: Node, a: Operand, a_scale: Operand, a_zero: Operand | None,
                    b: Operand, b_scale: Operand, b_zero: Operand | None, scale: Operand,
                    zero: Operand | None = None) -> Operand:
    """com.microsoft's sum and product."""
    y = combine(graph, node, "add" if node.op_type == "QLinearAdd" else "mul",
                _real(graph, node, a, a_scale, a_zero), _real(graph, node, b, b_scale, b_zero))
    return _quantized(graph, node, y, scale, zero)


@lowers("QLinearSigmoid", "QLinearLeakyRelu")
def q_linear_function(graph: Graph, node: Node, x: Operand, x_scale: Operand,
                      x_zero: Operand | None, scale: Operand, zero: Operand | None = None
                      ) -> Operand:
    """com.microsoft's elementwise functions."""
    x = _real(graph, node, x, x_scale, x_zero)
    y = (apply(graph, node, x, "sigmoid") if node.op_type == "QLinearSigmoid"
         else apply(graph, node, x, "leaky_relu", node.get("alpha", 0.01)))
    return _quantized(graph, node, y, scale, zero)


@lowers("QLinearConcat")
def q_linear_concat(graph: Graph, node: Node, scale: Operand, zero: Operand, *parts: Operand
                    ) -> Operand:
    """com.microsoft's: parts with a scale and a zero point each."""
    if len(parts) % 3:
        raise FileFormatError(f"{len(parts)} inputs", where=node.where)
    xs = tuple(_real(graph, node, *parts[index : index + 3]) for index in range(0, len(parts), 3))
    y = LOWERINGS["Concat"](graph, node, *xs)
    assert not isinstance(y, tuple)
    return _quantized(graph, node, y, scale, zero)


@lowers("QLinearGlobalAveragePool")
def q_linear_pool(graph: Graph, node: Node, x: Operand, x_scale: Operand, x_zero: Operand,
                  scale: Operand, zero: Operand) -> Operand:
    """com.microsoft's: the mean of each channel."""
    if node.get("channels_last", 0):
        raise node.refuse("channels last")
    x = _real(graph, node, x, x_scale, x_zero)
    y = reduced(graph, node, x, "mean", tuple(range(2, len(graph.shape(x)))), keep=True)
    return _quantized(graph, node, y, scale, zero)


@lowers("MatMulInteger")
def matmul_integer(graph: Graph, node: Node, a: Operand, b: Operand,
                   a_zero: Operand | None = None, b_zero: Operand | None = None) -> Operand:
    """Whole numbers, exact in float32 up to 2^24."""
    one = number(1)
    return matmul(graph, node, _real(graph, node, a, one, a_zero),
                  _real(graph, node, b, one, b_zero, axis=-1))


@lowers("ConvInteger")
def conv_integer(graph: Graph, node: Node, x: Operand, w: Operand, x_zero: Operand | None = None,
                 w_zero: Operand | None = None) -> Operand:
    """Whole numbers, exact in float32 up to 2^24."""
    one = number(1)
    return conv(graph, node, _real(graph, node, x, one, x_zero),
                _real(graph, node, w, one, w_zero, axis=0))


@lowers("DynamicQuantizeLinear")
def dynamic_quantize(graph: Graph, node: Node, x: Operand) -> tuple[Operand, ...]:
    """To uint8 by the tensor's own range, which holds 0: the values, their scale, their zero."""
    axes, zero = tuple(range(len(graph.shape(x)))), number(0)
    if not isinstance(x, str):
        raise node.refuse("a constant")
    low = combine(graph, node, "min", reduced(graph, node, x, "min", axes, keep=False), zero)
    high = combine(graph, node, "max", reduced(graph, node, x, "max", axes, keep=False), zero)
    scale = combine(graph, node, "div", combine(graph, node, "sub", high, low), number(255))
    tiny = number(float(np.finfo(np.float32).tiny))  # of zeros alone, which stay zeros
    safe = combine(graph, node, "max", scale, tiny)
    offset = _whole(graph, node, apply(graph, node, combine(graph, node, "div", low, safe), "neg"),
                    0, 255)
    _note(graph)
    steps = apply(graph, node, combine(graph, node, "div", x, safe), "round")
    y = apply(graph, node, combine(graph, node, "add", steps, offset), "clip", 0.0, 255.0)
    return y, scale, offset


def _quantized(graph: Graph, node: Node, x: Operand, scale: Operand, zero: Operand | None
               ) -> Operand:
    step, point = _parameters(graph, node, x, scale, zero, node.get("axis", 1))
    if not node.get("saturate", 1) or node.get("block_size", 0):
        raise node.refuse("blocks, or no saturation")
    dtype = np.dtype(np.uint8) if zero is None else point.dtype
    if dtype not in _RANGES:
        raise node.refuse(f"to {dtype}", "supported are integers of 8 and 16 bits")
    low, high = _RANGES[dtype]
    if not isinstance(x, str) and not isinstance(step, str):
        whole = np.rint(x.astype(np.float32) / step) + point.astype(np.float32)
        return np.asarray(np.clip(whole, low, high), dtype)
    _note(graph)
    steps = apply(graph, node, combine(graph, node, "div", x, step), "round")
    if point.any():
        steps = combine(graph, node, "add", steps, point.astype(np.float32))
    return apply(graph, node, steps, "clip", float(low), float(high))


def _real(graph: Graph, node: Node, x: Operand, scale: Operand, zero: Operand | None, *,
          axis: int | None = None) -> Operand:
    if node.get("block_size", 0):
        raise node.refuse("blocks")
    if isinstance(zero, str):  # of DynamicQuantizeLinear
        _note(graph)
        return combine(graph, node, "mul", combine(graph, node, "sub", x, zero), scale)
    step, point = _parameters(graph, node, x, scale, zero,
                              node.get("axis", 1) if axis is None else axis)
    if not isinstance(x, str):
        if x.dtype.kind not in "iu":
            raise node.refuse(f"integers of the type {x.dtype}")
        if not isinstance(step, str):
            if all(note.kind != "quantised" for note in graph.builder.notes):
                graph.builder.note("quantised", _STORED)
            return np.asarray((x.astype(np.float64) - point) * step, np.float32)
        x = x.astype(np.float32)
    _note(graph)
    if point.any():
        x = combine(graph, node, "sub", x, point.astype(np.float32))
    return combine(graph, node, "mul", x, step)


def _parameters(graph: Graph, node: Node, x: Operand, scale: Operand, zero: Operand | None,
                axis: int) -> tuple[Operand, Array]:
    """Scale and zero point in the shape in which they meet ``x``."""
    count, shape = prod(graph.shape(scale)), graph.shape(x)
    point = np.zeros(count, np.uint8) if zero is None else graph.array(
        zero, node, "the zero point")
    if point.dtype.kind not in "iu":
        raise node.refuse(f"a zero point of the type {point.dtype}")
    if point.size != count:
        raise FileFormatError("scale and zero point do not fit each other", where=node.where)
    if not isinstance(scale, str):
        if scale.dtype.kind != "f" or not (np.isfinite(scale).all() and (scale > 0).all()):
            raise FileFormatError("a scale is not above zero", where=node.where)
        scale = scale.astype(np.float32)
    if count == 1:
        return reshaped(graph, node, scale, ()), point.reshape(())
    axis = axis_of(node, axis, len(shape))
    if graph.shape(scale) != (shape[axis],):
        raise node.refuse(f"scales of the shape {graph.shape(scale)} for {shape}")
    apart = (count, *(1,) * (len(shape) - axis - 1))
    return reshaped(graph, node, scale, apart), point.reshape(apart)


def _whole(graph: Graph, node: Node, x: Operand, low: int, high: int) -> Operand:
    return apply(graph, node, apply(graph, node, x, "clip", float(low), float(high)), "round")


def _note(graph: Graph) -> None:
    notes = graph.builder.notes
    if all(note.text != _NOTE for note in notes):
        notes[:] = [note for note in notes if note.text != _STORED]  # more than weights
        graph.builder.note("quantised", _NOTE)
