# SPDX-License-Identifier: MIT
"""Normalisations: statistics of training become a scale and a shift, others stay ops."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import BatchNormalization, LayerNormalization


def batch_normalization(graph: Graph, node: Node, x: Operand, scale: Operand, bias: Operand,
                        mean: Operand, variance: Operand, epsilon: float) -> Operand:
    """``scale = gamma / sqrt(variance + epsilon)``, ``shift = beta - mean * scale``, float64."""
    gamma, beta, mu, var = (graph.array(v, node, "every statistic").astype(np.float64)
                            for v in (scale, bias, mean, variance))
    variance_of = var + checked(node, epsilon)
    if np.any(variance_of <= 0):
        raise FileFormatError("a variance is not positive", where=node.where)
    factor = gamma / np.sqrt(variance_of)
    return graph.add(node, BatchNormalization, x=x, scale=factor.astype(np.float32),
                     shift=(beta - mu * factor).astype(np.float32))


def rms_normalization(graph: Graph, node: Node, x: Operand, scale: Operand, axis: int,
                      epsilon: float) -> Operand:
    """``x / sqrt(mean(x * x) + epsilon) * scale``, the mean over the axes from ``axis`` on."""
    axes = tuple(range(axis, len(graph.shape(x))))
    square = reduced(graph, node, combine(graph, node, "mul", x, x), "mean", axes, keep=True)
    spread = combine(graph, node, "add", square, number(checked(node, epsilon)))
    root = apply(graph, node, spread, "sqrt")
    return combine(graph, node, "mul", combine(graph, node, "div", x, root), scale)


def group_normalization(graph: Graph, node: Node, x: Operand, scale: Operand, bias: Operand,
                        groups: int, epsilon: float) -> Operand:
    """Mean and variance of each group of channels, then a scale and a shift per channel.

    An instance is a group of one channel. A scale per group is one for each of its channels.
    """
    shape = graph.shape(x)
    if len(shape) < 3 or groups < 1 or shape[1] % groups:
        raise node.refuse(f"{groups} groups of {shape}")
    rows = reshaped(graph, node, x, (shape[0] * groups, prod(shape[1:]) // groups))
    width = graph.shape(rows)[1]
    rows = graph.add(node, LayerNormalization, x=rows, scale=np.ones(width, np.float32), axis=1,
                     epsilon=checked(node, epsilon))
    y = reshaped(graph, node, rows, shape)
    factors = []
    for name, operand in (("scale", scale), ("bias", bias)):
        array = graph.array(operand, node, f"the {name}")
        if array.shape == (groups,):
            array = np.repeat(array, shape[1] // groups)
        if array.shape != (shape[1],):
            raise node.refuse(f"a {name} of shape {array.shape} for {shape[1]} channels")
        factors.append(array)
    return graph.add(node, BatchNormalization, x=y, scale=factors[0], shift=factors[1])


def checked(node: Node, epsilon: float) -> float:
    """What is added to a variance.

    Raises:
        FileFormatError: it is negative.
    """
    if epsilon < 0:
        raise FileFormatError(f"epsilon {epsilon:g} is negative", where=node.where)
    return float(epsilon)
