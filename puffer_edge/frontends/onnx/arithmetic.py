"""Elementwise arithmetic of two and more tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.onnx.constants import broadcast_shape, broadcast_size
from puffer_edge.frontends.onnx.graph import Array, Graph, Operand, lowers, number
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Binary, Unary

MAX_POWER = 16


def _quotient(a: Array, b: Array) -> Array:
    """ONNX divides integers towards zero, numpy towards minus infinity."""
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
        return graph.add(node, Binary, a=a, b=b, function=function)
    graph.spend(node, broadcast_size(node, [a, b]))
    if a.dtype != b.dtype or a.dtype == np.bool_:
        raise FileFormatError(f"arithmetic of {a.dtype} and {b.dtype}", where=node.where)
    try:
        with np.errstate(all="ignore"):
            return np.asarray(_HOST[function](a, b))
    except ZeroDivisionError:
        raise FileFormatError("a constant integer is divided by zero", where=node.where) from None


@lowers("Add", "Sub", "Mul", "Div")
def binary(graph: Graph, node: Node, a: Operand, b: Operand) -> Operand:
    """One to one; what is multiplied with 0, as the spread is with noise left out, is 0."""
    if node.op_type == "Mul" and any(
            not isinstance(x, str) and x.dtype == np.float32 and x.size and not x.any()
            for x in (a, b)):
        shape = broadcast_shape(node, [graph.shape(a), graph.shape(b)])
        graph.spend(node, prod(shape))
        return np.zeros(shape, np.float32)
    return combine(graph, node, node.op_type.lower(), a, b)


@lowers("Min", "Max", "Sum", "Mean")
def variadic(graph: Graph, node: Node, *operands: Operand) -> Operand:
    """A chain from the left; the mean divides at the end."""
    function = {"Min": "min", "Max": "max"}.get(node.op_type, "add")
    result = reduce(lambda a, b: combine(graph, node, function, a, b), operands)
    if node.op_type == "Mean" and len(operands) > 1:
        count = number(len(operands))
        result = combine(graph, node, "div", result, count)
    return result


@lowers("Pow")
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
