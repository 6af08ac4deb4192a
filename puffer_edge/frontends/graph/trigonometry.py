# SPDX-License-Identifier: MIT
"""Sine and cosine of angles, in the arithmetic that every runtime has.

``x = k pi + r`` with r in [-pi / 2, pi / 2], pi in three parts so that the products are exact
(Cody and Waite, *Software Manual for the Elementary Functions*, chapter 8), then the Taylor series
of the sine to r^11, and the sign of k. Up to 10,000 radians the error is below 1e-6; beyond, an
angle of float32 loses what the reduction needs, and the result stays between -1 and 1.
"""

from __future__ import annotations

from math import factorial, pi

import numpy as np

from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node

_PARTS = (3.140625, 0.0009670257568359375, 6.277114152908325e-07)
"""Of pi; the first two have 9 and 11 bits."""
_NOTE = "sines and cosines are right to 1e-6 for angles of up to 10,000 radians"
_SERIES = tuple((-1) ** n / factorial(2 * n + 1) for n in range(6))


def sine(graph: Graph, node: Node, x: Operand) -> Operand:
    """Of radians."""
    if not isinstance(x, str):
        return np.sin(x)
    return _folded(graph, node, x, 0.0)


def cosine(graph: Graph, node: Node, x: Operand) -> Operand:
    """Of radians: ``cos((k + 1/2) pi + r) = -(-1)^k sin(r)``."""
    if not isinstance(x, str):
        return np.cos(x)
    return apply(graph, node, _folded(graph, node, x, 0.5), "neg")


def _folded(graph: Graph, node: Node, x: str, half: float) -> Operand:
    """``(-1)^k sin(x - (k + half) pi)`` with the nearest k."""
    turns = scaled(graph, node, x, 1 / pi)
    if half:
        turns = combine(graph, node, "sub", turns, number(half))
    k = apply(graph, node, turns, "round")
    places = combine(graph, node, "add", k, number(half)) if half else k
    r: Operand = x
    for part in _PARTS:
        r = combine(graph, node, "sub", r, scaled(graph, node, places, part))
    r = apply(graph, node, r, "clip", -pi / 2, pi / 2)  # of angles without a fraction
    square = combine(graph, node, "mul", r, r)
    total: Operand = number(_SERIES[-1])
    for factor in _SERIES[-2::-1]:
        total = combine(graph, node, "add", combine(graph, node, "mul", square, total),
                        number(factor))
    if all(note.text != _NOTE for note in graph.builder.notes):
        graph.builder.note("stated", _NOTE)
    return combine(graph, node, "mul", combine(graph, node, "mul", r, total),
                   _sign(graph, node, k))


def _sign(graph: Graph, node: Node, k: Operand) -> Operand:
    """1 for even k, -1 for odd ones."""
    even = scaled(graph, node, apply(graph, node, scaled(graph, node, k, 0.5), "floor"), 2.0)
    odd = combine(graph, node, "sub", k, even)
    return combine(graph, node, "sub", number(1), scaled(graph, node, odd, 2.0))
