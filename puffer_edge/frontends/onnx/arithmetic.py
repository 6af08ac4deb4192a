# SPDX-License-Identifier: MIT
"""Elementwise arithmetic of two and more tensors."""

from __future__ import annotations

from functools import reduce
from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph import division
from puffer_edge.frontends.graph.arithmetic import combine, power
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.shape import broadcast_shape
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node


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


@lowers("Mod")
def mod(graph: Graph, node: Node, x: Operand, y: Operand) -> Operand:
    """What a division leaves: with the sign of x where ``fmod``, else with that of y."""
    if node.flag("fmod"):
        return division.rest(graph, node, x, y)
    if isinstance(x, str) or isinstance(y, str):
        raise node.refuse("integers that are computed")
    if not y.all():
        raise FileFormatError("a constant integer is divided by zero", where=node.where)
    return division.modulo(graph, node, x, y)


@lowers("Min", "Max", "Sum", "Mean")
def variadic(graph: Graph, node: Node, *operands: Operand) -> Operand:
    """A chain from the left; the mean divides at the end."""
    function = {"Min": "min", "Max": "max"}.get(node.op_type, "add")
    result = reduce(lambda a, b: combine(graph, node, function, a, b), operands)
    if node.op_type == "Mean" and len(operands) > 1:
        count = number(len(operands))
        result = combine(graph, node, "div", result, count)
    return result


lowers("Pow")(power)
