# SPDX-License-Identifier: MIT
"""Elementwise arithmetic of two tensors, or of a tensor and a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers, operand
from puffer_edge.frontends.graph import arithmetic
from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import broadcast_size


def binary(graph: Graph, node: Node, function: str, x: Any, other: Any) -> Operand:
    """``x function other`` of tensors and numbers; constant integers become floats beside floats.

    That is torch's promotion: an integer tensor takes the dtype of a floating-point one.
    """
    a, b = operand(x), operand(other)
    if isinstance(a, str) or isinstance(b, str) or function == "div":
        a, b = (v if isinstance(v, str) else v.astype(np.float32, copy=False) for v in (a, b))
    return combine(graph, node, function, a, b)


@lowers("add", "sub", "subtract", "rsub")
def add(graph: Graph, node: Node, x: Any, other: Any, alpha: float = 1) -> Operand:
    """``x + alpha * other``, ``x - alpha * other``, or the other way round for rsub."""
    a, b = operand(x), operand(other)
    op = node.op_type.split(".")[1]
    if op == "rsub":
        return binary(graph, node, "sub", b, scaled(graph, node, a, alpha))
    return binary(graph, node, "add" if op == "add" else "sub", a, scaled(graph, node, b, alpha))


@lowers("mul", "multiply")
def mul(graph: Graph, node: Node, x: Any, other: Any) -> Operand:
    """One to one."""
    return binary(graph, node, "mul", x, other)


@lowers("div", "divide", "true_divide")
def div(graph: Graph, node: Node, x: Any, other: Any, rounding_mode: str | None = None
        ) -> Operand:
    """True division; of constants, rounded, too."""
    a, b = operand(x), operand(other)
    if rounding_mode in ("trunc", "floor") and not isinstance(a, str) and not isinstance(b, str):
        if not np.all(b):
            raise node.refuse("a constant is divided by zero")
        graph.spend(node, broadcast_size(node, [a, b]))
        rounded = np.trunc(a / b) if rounding_mode == "trunc" else np.floor(a / b)
        return np.asarray(rounded, np.result_type(a, b))
    if rounding_mode is not None:
        raise node.refuse(f"rounding_mode = {rounding_mode!r}")
    return binary(graph, node, "div", x, other)


@lowers("maximum", "minimum", "fmax", "fmin")
def extreme(graph: Graph, node: Node, x: Any, other: Any) -> Operand:
    """The greater or smaller of each pair."""
    function = "max" if "max" in node.op_type else "min"
    return binary(graph, node, function, x, other)


@lowers("addcmul", "addcdiv")
def addcmul(graph: Graph, node: Node, x: Operand, tensor1: Operand, tensor2: Operand,
            value: float = 1) -> Operand:
    """``x + value * tensor1 * tensor2`` (or ``/ tensor2``)."""
    function = "mul" if "addcmul" in node.op_type else "div"
    term = combine(graph, node, function, scaled(graph, node, tensor1, value), tensor2)
    return combine(graph, node, "add", x, term)


@lowers("lerp")
def lerp(graph: Graph, node: Node, x: Operand, end: Operand, weight: Any) -> Operand:
    """``x + weight * (end - x)``."""
    step = combine(graph, node, "mul", combine(graph, node, "sub", end, x), operand(weight))
    return combine(graph, node, "add", x, step)


@lowers("pow")
def power(graph: Graph, node: Node, x: Any, exponent: Any) -> Operand:
    """By a constant whole or half number."""
    if isinstance(x, int | float):
        raise node.refuse(f"{x} to the power of a tensor")
    return arithmetic.power(graph, node, x, operand(exponent))


@lowers("floor_divide")
def floor_divide(graph: Graph, node: Node, x: Any, other: Any) -> Operand:
    """Of constants: sizes, as traced code computes them."""
    a, b = (operand_of_sizes(node, value) for value in (x, other))
    if not b.all():
        raise node.refuse("a division by zero")
    return np.asarray(a // b)


def operand_of_sizes(node: Node, value: Any) -> Any:
    """A constant as integers or floats.

    Raises:
        UnsupportedError: it is computed from the observation.
    """
    if isinstance(value, str):
        raise node.refuse("rounding")
    return np.asarray(value)
