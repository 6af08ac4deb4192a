# SPDX-License-Identifier: MIT
"""Angles of sides, and the functions of hyperbolas, in the arithmetic that every runtime has.

``atan2(y, x)`` takes the quotient q of the smaller by the larger of |x| and |y|, so that
``0 <= q <= 1``, the polynomial of Abramowitz and Stegun, *Handbook of Mathematical Functions*,
4.4.49 (``|error| <= 2e-8``), and the octant by masks.
"""

from __future__ import annotations

from math import pi

import numpy as np

from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.comparison import positive
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.trigonometry import cosine, sine

_SERIES = (1.0, -0.3333314528, 0.1999355085, -0.1420889944, 0.1065626393, -0.0752896400,
           0.0429096138, -0.0161657367, 0.0028662257)
_TINY = float(np.finfo(np.float32).tiny)


def arc_tangent(graph: Graph, node: Node, y: Operand, x: Operand) -> Operand:
    """``atan2(y, x)`` in radians: 0 for (0, 0), pi for (-0, x) below zero as for (0, x)."""
    if not isinstance(y, str) and not isinstance(x, str):
        return np.asarray(np.arctan2(y, x), np.float32)
    rise, run = (apply(graph, node, v, "abs") if isinstance(v, str) else np.abs(v)
                 for v in (y, x))
    larger = combine(graph, node, "max", combine(graph, node, "max", rise, run), number(_TINY))
    q = combine(graph, node, "div", combine(graph, node, "min", rise, run), larger)
    square = combine(graph, node, "mul", q, q)
    total: Operand = number(_SERIES[-1])
    for factor in _SERIES[-2::-1]:
        total = combine(graph, node, "add", combine(graph, node, "mul", square, total),
                        number(factor))
    angle = combine(graph, node, "mul", q, total)
    angle = _turned(graph, node, angle, combine(graph, node, "sub", rise, run), pi / 2)
    angle = _turned(graph, node, angle, _negated(graph, node, x), pi)
    below = positive(graph, node, _negated(graph, node, y))
    sign = combine(graph, node, "sub", number(1), scaled(graph, node, below, 2.0))
    return combine(graph, node, "mul", angle, sign)


def arc_sine(graph: Graph, node: Node, x: Operand) -> Operand:
    """``atan2(x, sqrt(1 - x^2))``; beyond -1 and 1 it is that of the bound."""
    if not isinstance(x, str):
        return np.asarray(np.arcsin(x))
    return arc_tangent(graph, node, x, _other_side(graph, node, x))


def arc_cosine(graph: Graph, node: Node, x: Operand) -> Operand:
    """``atan2(sqrt(1 - x^2), x)``; beyond -1 and 1 it is that of the bound."""
    if not isinstance(x, str):
        return np.asarray(np.arccos(x))
    return arc_tangent(graph, node, _other_side(graph, node, x), x)


def tangent(graph: Graph, node: Node, x: Operand) -> Operand:
    """``sin(x) / cos(x)``."""
    return combine(graph, node, "div", sine(graph, node, x), cosine(graph, node, x))


def hyperbolic(graph: Graph, node: Node, x: Operand, function: str) -> Operand:
    """``sinh`` or ``cosh``: ``(exp(x) -+ exp(-x)) / 2``, with the rounding errors of these."""
    if not isinstance(x, str):
        return np.asarray(np.sinh(x) if function == "sinh" else np.cosh(x))
    rising = apply(graph, node, x, "exp")
    falling = apply(graph, node, apply(graph, node, x, "neg"), "exp")
    both = combine(graph, node, "sub" if function == "sinh" else "add", rising, falling)
    return scaled(graph, node, both, 0.5)


def inverse_hyperbolic(graph: Graph, node: Node, x: Operand, function: str) -> Operand:
    """``asinh``, ``acosh`` or ``atanh`` by logarithms, up to the root of the largest float."""
    if not isinstance(x, str):
        return np.asarray({"asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh}[
            function](x))
    if function == "atanh":
        quotient = combine(graph, node, "div", combine(graph, node, "add", x, number(1)),
                           combine(graph, node, "sub", number(1), x))
        return scaled(graph, node, apply(graph, node, quotient, "log"), 0.5)
    size = apply(graph, node, x, "abs") if function == "asinh" else x
    square = combine(graph, node, "mul", x, x)
    root = apply(graph, node, combine(graph, node, "add", square, number(
        1 if function == "asinh" else -1)), "sqrt")
    y = apply(graph, node, combine(graph, node, "add", size, root), "log")
    if function == "acosh":
        return y
    below = positive(graph, node, apply(graph, node, x, "neg"))
    sign = combine(graph, node, "sub", number(1), scaled(graph, node, below, 2.0))
    return combine(graph, node, "mul", y, sign)


def _turned(graph: Graph, node: Node, angle: Operand, measure: Operand, whole: float) -> Operand:
    """``whole - angle`` where the measure is above 0, else the angle."""
    mask = positive(graph, node, measure)
    change = combine(graph, node, "sub", number(whole), scaled(graph, node, angle, 2.0))
    return combine(graph, node, "add", angle, combine(graph, node, "mul", mask, change))


def _other_side(graph: Graph, node: Node, x: Operand) -> Operand:
    rest = combine(graph, node, "mul", combine(graph, node, "sub", number(1), x),
                   combine(graph, node, "add", x, number(1)))
    return apply(graph, node, rest, "sqrt")


def _negated(graph: Graph, node: Node, x: Operand) -> Operand:
    return apply(graph, node, x, "neg") if isinstance(x, str) else np.negative(x)
