# SPDX-License-Identifier: MIT
"""Comparisons, logic and choices."""

from __future__ import annotations

import numpy as np

from puffer_edge.frontends.graph import comparison
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.comparison import positive
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node

_COMPARE = {"Equal": "equal", "Greater": "greater", "GreaterOrEqual": "greater_equal",
            "Less": "less", "LessOrEqual": "less_equal"}


@lowers(*_COMPARE)
def compare(graph: Graph, node: Node, a: Operand, b: Operand) -> Operand:
    """A mask; NaN compares as false, but for the ``or equal`` ones."""
    return comparison.compare(graph, node, _COMPARE[node.op_type], a, b)


@lowers("And", "Not", "Or", "Xor")
def logic(graph: Graph, node: Node, *masks: Operand) -> Operand:
    """Of masks."""
    return comparison.logic(graph, node, node.op_type.lower(), *masks)


@lowers("IsNaN")
def is_nan(graph: Graph, node: Node, x: Operand) -> Operand:
    """As torch writes it behind attention, where a mask may leave nothing."""
    return comparison.no_number(graph, node, x)


@lowers("IsInf")
def is_infinite(graph: Graph, node: Node, x: Operand) -> Operand:
    """False of the observation, and of a softmax of which something is left."""
    if not isinstance(x, str):
        up, down = node.flag("detect_positive", True), node.flag("detect_negative", True)
        return np.asarray(np.isposinf(x) & up | np.isneginf(x) & down)
    if not comparison.has_numbers(graph, x):
        raise node.refuse("of what may be infinite")
    return np.zeros(graph.shape(x), np.bool_)


@lowers("ThresholdedRelu")
def thresholded_relu(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x`` above alpha, else 0."""
    above = combine(graph, node, "sub", x, number(node.get("alpha", 1.0)))
    return combine(graph, node, "mul", x, positive(graph, node, above))


lowers("Sign")(comparison.sign)
lowers("Where")(comparison.where)
