# SPDX-License-Identifier: MIT
"""Division with a rest, exact as in C's library for quotients of up to 4096.

The divisor is a constant in two parts of 12 bits, so that its products with a whole quotient are
exact, and so is what they leave (Cody and Waite); a quotient that rounding made one too large or
too small shows in the rest, and is set right. Beyond, the rest stays between 0 and the divisor.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.comparison import positive, sign
from puffer_edge.frontends.graph.functions import apply, truncated
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node

_NOTE = "a rest of a division is exact for quotients of up to 4096"


def rest(graph: Graph, node: Node, x: Operand, y: Operand) -> Operand:
    """``x - y * trunc(x / y)``: of x's sign, as C's fmod; the divisor must be constant."""
    divisor = graph.array(y, node, "the divisor")
    if not isinstance(x, str):
        return np.asarray(np.fmod(x, divisor))
    size = np.asarray(np.abs(divisor), np.float32)
    if not (size > 0).all():
        raise node.refuse("a division by zero")
    left = apply(graph, node, x, "abs")
    quotient = apply(graph, node, combine(graph, node, "div", left, size), "floor")
    for part in _parts(size):
        left = combine(graph, node, "sub", left, combine(graph, node, "mul", quotient, part))
    below = positive(graph, node, apply(graph, node, left, "neg"))
    left = combine(graph, node, "add", left, combine(graph, node, "mul", below, size))
    before = np.asarray(np.nextafter(size, np.float32(0), dtype=np.float32))
    over = positive(graph, node, combine(graph, node, "sub", left, before))
    left = combine(graph, node, "sub", left, combine(graph, node, "mul", over, size))
    left = combine(graph, node, "min", combine(graph, node, "max", left, number(0)), size)
    if all(note.text != _NOTE for note in graph.builder.notes):
        graph.builder.note("stated", _NOTE)
    return combine(graph, node, "mul", left, sign(graph, node, x))


def modulo(graph: Graph, node: Node, x: Operand, y: Operand) -> Operand:
    """``x - y * floor(x / y)``: of the divisor's sign, as Python's ``%``."""
    divisor = graph.array(y, node, "the divisor")
    if not isinstance(x, str):
        return np.asarray(np.mod(x, divisor))
    left = rest(graph, node, x, divisor)
    added = combine(graph, node, "mul", _other_sign(graph, node, left, divisor),
                    divisor.astype(np.float32))
    return combine(graph, node, "add", left, added)


def floor_divided(graph: Graph, node: Node, x: Operand, y: Operand) -> Operand:
    """``floor(x / y)`` of the exact quotient, as Python's ``//``."""
    divisor = graph.array(y, node, "the divisor")
    if not isinstance(x, str):
        return np.asarray(np.floor_divide(x, divisor))
    left = rest(graph, node, x, divisor)
    whole = combine(graph, node, "div", combine(graph, node, "sub", x, left),
                    divisor.astype(np.float32))
    whole = apply(graph, node, whole, "round")
    return combine(graph, node, "sub", whole, _other_sign(graph, node, left, divisor))


def fraction(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x - trunc(x)``."""
    whole = truncated(graph, node, x) if isinstance(x, str) else np.trunc(x)
    return combine(graph, node, "sub", x, whole)


def _parts(size: Array) -> tuple[Array, Array]:
    """A divisor as the sum of one whose last 12 bits are 0, and the rest."""
    high = np.asarray(size.view(np.uint32) & np.uint32(0xFFFFF000)).view(np.float32)
    return high, np.asarray(size - high)


def _other_sign(graph: Graph, node: Node, left: Operand, divisor: Array) -> Operand:
    """1 where the rest's sign is not the divisor's."""
    turned = np.asarray(-np.sign(divisor), np.float32)
    return positive(graph, node, combine(graph, node, "mul", left, turned))
