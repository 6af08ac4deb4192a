# SPDX-License-Identifier: MIT
"""Elementwise arithmetic of tensors, constant or computed."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import broadcast_size
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Binary, Unary

MAX_POWER = 16
FORBIDDEN = float(np.finfo(np.float32).min)
"""What is added in place of -inf: next to it no score counts, and exp gives 0."""


def _quotient(a: Array, b: Array) -> Array:
    """Integers are divided towards zero; numpy divides them towards minus infinity."""
    if a.dtype.kind not in "iu":
        return np.divide(a, b)
    if not np.all(b):
        raise ZeroDivisionError
    return (np.abs(a) // np.abs(b) * np.sign(a) * np.sign(b)).astype(a.dtype)


_HOST: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": _quotient,
    "min": np.minimum, "max": np.maximum,
}


def combine(graph: Graph, node: Node, function: str, a: Operand, b: Operand) -> Operand:
    """``a function b`` (a key of ``ir.ops.binary.ARITHMETIC``); constants are combined at once."""
    if isinstance(a, str) or isinstance(b, str):
        if function == "add":
            a, b = (x if isinstance(x, str) else _finite(x) for x in (a, b))
        return graph.add(node, Binary, a=a, b=b, function=function)
    graph.spend(node, broadcast_size(node, [a, b]))
    if a.dtype != b.dtype or a.dtype == np.bool_:
        raise FileFormatError(f"arithmetic of {a.dtype} and {b.dtype}", where=node.where)
    try:
        with np.errstate(all="ignore"):
            return np.asarray(_HOST[function](a, b))
    except ZeroDivisionError:
        raise FileFormatError("a constant integer is divided by zero", where=node.where) from None


def _finite(array: Array) -> Array:
    """A constant that is added, such as a mask of -inf; the same where it is finite."""
    below = np.isneginf(array) if array.dtype.kind == "f" else np.zeros(1, np.bool_)
    return np.where(below, np.float32(FORBIDDEN), array) if below.any() else array


def plus(graph: Graph, node: Node, a: Operand, b: Operand) -> Operand:
    """The sum of two float operands."""
    return graph.add(node, Binary, a=a, b=b, function="add")


def scaled(graph: Graph, node: Node, x: Operand, factor: float) -> Operand:
    """A float operand times a number; nothing is added for 1."""
    if factor == 1.0:
        return x
    if not isinstance(x, str):
        return scaled_array(x, factor)
    return graph.add(node, Binary, a=x, b=number(factor), function="mul")


def scaled_array(array: Array, factor: float) -> Array:
    """A constant times a number, rounded once to float32."""
    if factor == 1.0:
        return np.ascontiguousarray(array)
    return (array.astype(np.float64) * factor).astype(np.float32)


def power(graph: Graph, node: Node, x: Operand, y: Operand) -> Operand:
    """By a constant whole number or half: products, a square root, a reciprocal."""
    exponents = graph.array(y, node, "the exponent")
    if not isinstance(x, str):
        graph.spend(node, broadcast_size(node, [x, exponents]))
        with np.errstate(all="ignore"):
            return np.asarray(np.power(x, exponents)).astype(x.dtype)
    if exponents.size != 1 or len(graph.shape(x)) < exponents.ndim:
        raise node.refuse("an exponent per element", "only one number for all is supported")
    exponent = float(exponents.reshape(()))
    halves = abs(exponent) * 2
    if not halves.is_integer() or not 0 < halves <= 2 * MAX_POWER:
        raise node.refuse(f"exponent {exponent:g}",
                          f"whole and half numbers up to {MAX_POWER} are supported")
    factors: list[Operand] = [x] * (int(halves) // 2)
    if int(halves) % 2:
        factors.append(graph.add(node, Unary, x=x, function=Activation("sqrt")))
    result = reduce(lambda a, b: combine(graph, node, "mul", a, b), factors)
    if exponent > 0:
        return result
    return graph.add(node, Unary, x=result, function=Activation("reciprocal"))
