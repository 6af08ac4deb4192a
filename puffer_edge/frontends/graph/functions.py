# SPDX-License-Identifier: MIT
"""Elementwise functions of one tensor."""

from __future__ import annotations

import numpy as np

from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Unary


def apply(graph: Graph, node: Node, x: Operand, function: str, *parameters: float) -> Operand:
    """One function of the registry with its parameters."""
    return graph.add(node, Unary, x=x, function=Activation(function, parameters))


def celu(graph: Graph, node: Node, x: Operand, alpha: float) -> Operand:
    """``max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)``."""
    if not alpha > 0:
        raise node.refuse(f"alpha = {alpha:g}; it must be positive")
    return apply(graph, node, x, "elu" if alpha == 1.0 else "celu", float(alpha))


def clip(graph: Graph, node: Node, x: Operand, low: float | None, high: float | None) -> Operand:
    """Either bound may be absent, None."""
    if not isinstance(x, str):
        graph.spend(node, x.size)
        return np.minimum(np.maximum(x, -np.inf if low is None else low),
                          np.inf if high is None else high).astype(x.dtype)
    if low is not None and high is not None:
        return apply(graph, node, x, "clip", low, high)
    if low == 0.0:
        return apply(graph, node, x, "relu")
    if low is not None:
        return combine(graph, node, "max", x, number(low))
    if high is not None:
        return combine(graph, node, "min", x, number(high))
    return x


def prelu(graph: Graph, node: Node, x: Operand, slope: Operand) -> Operand:
    """One slope: a leaky ReLU; a slope per channel: ``max(x, 0) + slope * min(x, 0)``."""
    if not isinstance(slope, str) and slope.size == 1:
        return apply(graph, node, x, "leaky_relu", graph.scalar(slope, node, "the slope"))
    zero = number(0)
    below = combine(graph, node, "mul", combine(graph, node, "min", x, zero), slope)
    return combine(graph, node, "add", combine(graph, node, "max", x, zero), below)


def truncated(graph: Graph, node: Node, x: Operand) -> Operand:
    """Rounded towards 0, as a cast does."""
    below = apply(graph, node, apply(graph, node, x, "relu"), "floor")
    above = apply(graph, node, apply(graph, node, x, "neg"), "relu")
    return combine(graph, node, "sub", below, apply(graph, node, above, "floor"))
