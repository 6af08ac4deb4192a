# SPDX-License-Identifier: MIT
"""Normalisations: statistics of training become a scale and a shift, others stay ops."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.graph import normalization as normalizations
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import LayerNormalization, Softmax


@lowers("BatchNormalization")
def batch_normalization(graph: Graph, node: Node, x: Operand, scale: Operand, bias: Operand,
                        mean: Operand, variance: Operand) -> Operand:
    """``scale = gamma / sqrt(variance + epsilon)``, ``shift = beta - mean * scale``, float64."""
    if node.flag("training_mode") or sum(map(bool, node.outputs)) > 1:
        raise node.refuse("it is in training mode", "export with model.eval()")
    if node.get("spatial", 1) != 1:
        raise node.refuse("spatial = 0")
    return normalizations.batch_normalization(graph, node, x, scale, bias, mean, variance,
                                              node.get("epsilon", 1e-5))


@lowers("LayerNormalization")
def layer_normalization(graph: Graph, node: Node, x: Operand, scale: Operand,
                        bias: Operand | None = None) -> Operand | tuple[Operand, ...]:
    """Over the last axes, from ``axis`` on."""
    shape = graph.shape(x)
    axis = axis_of(node, node.get("axis", -1), len(shape))
    if any(node.outputs[1:]) or isinstance(scale, str) or isinstance(bias, str):
        return _layer_normalization(graph, node, x, scale, bias, tuple(range(axis, len(shape))))
    factors: dict[str, Array] = {}
    for name, operand in (("scale", scale), ("bias", bias)):
        if operand is not None:
            array = graph.array(operand, node, f"the {name}")
            try:
                factors[name] = np.broadcast_to(array, shape[axis:])
            except ValueError:
                raise node.refuse(f"a {name} of shape {array.shape} for {shape}") from None
    return graph.add(node, LayerNormalization, x=x, axis=axis,
                     epsilon=_epsilon(node), **factors)


def _layer_normalization(graph: Graph, node: Node, x: Operand, scale: Operand,
                         bias: Operand | None, axes: tuple[int, ...]) -> tuple[Operand, ...]:
    """The same with computed factors, and with the statistics as results."""
    mean = reduced(graph, node, x, "mean", axes, keep=True)
    apart = combine(graph, node, "sub", x, mean)
    variance = reduced(graph, node, combine(graph, node, "mul", apart, apart), "mean", axes,
                       keep=True)
    spread = combine(graph, node, "add", variance, number(_epsilon(node)))
    factor = combine(graph, node, "div", number(1), apply(graph, node, spread, "sqrt"))
    y = combine(graph, node, "mul", combine(graph, node, "mul", apart, factor), scale)
    return y if bias is None else combine(graph, node, "add", y, bias), mean, factor


@lowers("RMSNormalization")
def rms_normalization(graph: Graph, node: Node, x: Operand, scale: Operand) -> Operand:
    """``x / sqrt(mean(x * x) + epsilon) * scale``, the mean over the last axes."""
    axis = axis_of(node, node.get("axis", -1), len(graph.shape(x)))
    return normalizations.rms_normalization(graph, node, x, scale, axis, _epsilon(node))


@lowers("InstanceNormalization", "GroupNormalization")
def group_normalization(graph: Graph, node: Node, x: Operand, scale: Operand, bias: Operand
                        ) -> Operand:
    """An instance is a group of one channel; before opset 21 the scale was per group."""
    shape = graph.shape(x)
    groups = node.get("num_groups", shape[1] if len(shape) > 2 else 0)
    return normalizations.group_normalization(graph, node, x, scale, bias, groups, _epsilon(node))


@lowers("LpNormalization")
def lp_normalization(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x / norm(x)`` along one axis, of order 1 or 2."""
    axis, order = axis_of(node, node.get("axis", -1), len(graph.shape(x))), node.get("p", 2)
    if order not in (1, 2):
        raise node.refuse(f"p = {order}")
    inner = apply(graph, node, x, "abs") if order == 1 else combine(graph, node, "mul", x, x)
    norm = reduced(graph, node, inner, "sum", (axis,), keep=True)
    if order == 2:
        norm = apply(graph, node, norm, "sqrt")
    # ONNX: where the norm is 0, so is the result.
    norm = combine(graph, node, "max", norm, number(float(np.finfo(np.float32).tiny)))
    return combine(graph, node, "div", x, norm)


@lowers("Softmax")
def softmax(graph: Graph, node: Node, x: Operand) -> Operand:
    """Over one axis; before opset 13 over all axes from ``axis`` on."""
    shape = graph.shape(x)
    if node.opset >= 13:
        return graph.add(node, Softmax, x=x, axis=axis_of(node, node.get("axis", -1), len(shape)))
    axis = axis_of(node, node.get("axis", 1), len(shape))
    flat = reshaped(graph, node, x, (*shape[:axis], prod(shape[axis:])))
    return reshaped(graph, node, graph.add(node, Softmax, x=flat, axis=axis), shape)


def _epsilon(node: Node) -> float:
    """What is added to a variance."""
    return normalizations.checked(node, node.get("epsilon", 1e-5))
