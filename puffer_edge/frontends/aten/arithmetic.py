# SPDX-License-Identifier: MIT
"""Elementwise arithmetic of two tensors, or of a tensor and a number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.aten.lower import lowers, operand
from puffer_edge.frontends.graph import arithmetic, division, functions
from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.comparison import logic
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
    if node.op_type.startswith("aten.add.") and _booleans(graph, x, other):
        return logic(graph, node, "or", x, other)
    a, b = operand(x), operand(other)
    op = node.op_type.split(".")[1]
    if op == "rsub":
        return binary(graph, node, "sub", b, scaled(graph, node, a, alpha))
    return binary(graph, node, "add" if op == "add" else "sub", a, scaled(graph, node, b, alpha))


@lowers("mul", "multiply")
def mul(graph: Graph, node: Node, x: Any, other: Any) -> Operand:
    """One to one; of booleans it is their ``and``."""
    if _booleans(graph, x, other):
        return logic(graph, node, "and", x, other)
    return binary(graph, node, "mul", x, other)


@lowers("div", "divide", "true_divide")
def div(graph: Graph, node: Node, x: Any, other: Any, rounding_mode: str | None = None
        ) -> Operand:
    """True division, or rounded towards zero or downwards."""
    if rounding_mode is None:
        return binary(graph, node, "div", x, other)
    if rounding_mode == "floor":
        return floor_divide(graph, node, x, other)
    a, b = _divided(graph, node, x, other)
    if isinstance(a, str):
        return functions.truncated(graph, node, combine(graph, node, "div", a, b))
    return np.asarray(np.trunc(a / b), np.result_type(a, b))


@lowers("floor_divide")
def floor_divide(graph: Graph, node: Node, x: Any, other: Any) -> Operand:
    """``floor(x / other)``, as Python's ``//``, of what is computed and of sizes."""
    return division.floor_divided(graph, node, *_divided(graph, node, x, other))


@lowers("fmod")
def fmod(graph: Graph, node: Node, x: Any, other: Any) -> Operand:
    """What a division leaves, with the sign of ``x``."""
    return division.rest(graph, node, *_divided(graph, node, x, other))


@lowers("remainder")
def remainder(graph: Graph, node: Node, x: Any, other: Any) -> Operand:
    """What a division leaves, with the sign of ``other``, as Python's ``%``."""
    return division.modulo(graph, node, *_divided(graph, node, x, other))


@lowers("frac")
def frac(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x - trunc(x)``."""
    return division.fraction(graph, node, x)


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
    """By a constant whole or half number; of a constant base, ``exp(exponent * log(base))``."""
    base = x if not isinstance(x, np.ndarray) else x.item() if x.size == 1 else None
    if isinstance(base, int | float) and isinstance(exponent, str):
        if not base > 0:
            raise node.refuse(f"{base} to the power of a tensor")
        return functions.apply(graph, node, scaled(graph, node, exponent, math.log(base)), "exp")
    return arithmetic.power(graph, node, operand(x), operand(exponent))


def _booleans(graph: Graph, *operands: Any) -> bool:
    return all(x in graph.flags if isinstance(x, str) else
               isinstance(x, np.ndarray) and x.dtype == np.bool_ for x in operands)


def _divided(graph: Graph, node: Node, x: Any, other: Any) -> tuple[Operand, Array]:
    """Both sides of a rounded division, the divisor constant and nowhere 0.

    Raises:
        UnsupportedError: it is not.
    """
    a, b = (value if isinstance(value, str) else np.asarray(value) for value in (x, other))
    divisor = graph.array(b, node, "the divisor of a rounded division")
    if not divisor.all():
        raise node.refuse("a constant is divided by zero")
    if not isinstance(a, str):
        graph.spend(node, broadcast_size(node, [a, divisor]))
        kind = np.result_type(a, divisor)
        kind = np.dtype(np.float32) if kind.kind == "f" else kind
        a, divisor = a.astype(kind), divisor.astype(kind)
    return a, divisor
