# SPDX-License-Identifier: MIT
"""Comparisons, logic and choices: masks of the numbers 0 and 1, without branches."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers, operand
from puffer_edge.frontends.graph import comparison
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node

_COMPARE = {"eq": "equal", "ge": "greater_equal", "gt": "greater", "le": "less_equal",
            "lt": "less"}
_LOGIC = ("and", "not", "or", "xor")


@lowers(*_COMPARE, "ne", moving=True)
def compare(graph: Graph, node: Node, x: Operand, other: Any) -> Operand:
    """A tensor with another or with a number."""
    op = node.op_type.split(".")[1]
    if op == "ne":
        equal = comparison.compare(graph, node, "equal", x, operand(other))
        return comparison.logic(graph, node, "not", equal)
    return comparison.compare(graph, node, _COMPARE[op], x, operand(other))


@lowers(*(f"{kind}_{op}" for op in _LOGIC for kind in ("logical", "bitwise")), "__and__", "__or__",
        moving=True)
def logic(graph: Graph, node: Node, x: Operand, other: Operand | None = None) -> Operand:
    """Of masks only."""
    op = node.op_type.split(".")[1].strip("_").removeprefix("logical_").removeprefix("bitwise_")
    masks = [x] if other is None else [x, other]
    if any(m not in graph.flags if isinstance(m, str) else m.dtype != np.bool_ for m in masks):
        raise node.refuse("numbers in place of booleans")
    return comparison.logic(graph, node, op, *masks)


@lowers("where")
def where(graph: Graph, node: Node, condition: Operand, x: Any, other: Any) -> Operand:
    """``x`` where the mask is set, else ``other``."""
    return comparison.where(graph, node, condition, operand(x), operand(other))


@lowers("masked_fill")
def masked_fill(graph: Graph, node: Node, x: Operand, mask: Operand, value: Any) -> Operand:
    """A number where the mask is set."""
    return comparison.where(graph, node, mask, operand(value), x)


@lowers("sign", "sgn")
def sign(graph: Graph, node: Node, x: Operand) -> Operand:
    """-1, 0 or 1."""
    return comparison.sign(graph, node, x)


@lowers("isnan", "isinf", "isfinite", "isposinf", "isneginf", moving=True)
def is_not_finite(graph: Graph, node: Node, x: Operand) -> Operand:
    """Of constants; observations are finite, and so is a softmax of which something is left."""
    op = node.op_type.split(".")[1]
    if not isinstance(x, str):
        return np.asarray(getattr(np, op)(x))
    if op == "isnan":
        return comparison.no_number(graph, node, x)
    if not comparison.has_numbers(graph, x):
        raise node.refuse("of what may be no number")
    return np.full(graph.shape(x), op == "isfinite")


@lowers("heaviside")
def heaviside(graph: Graph, node: Node, x: Operand, values: Operand) -> Operand:
    """1 above 0, 0 below, the other's value at 0."""
    above = comparison.positive(graph, node, x)
    equal = comparison.compare(graph, node, "equal", x, number(0))
    above, equal = (mask if isinstance(mask, str) else mask.astype(np.float32)
                    for mask in (above, equal))
    return combine(graph, node, "add", above, combine(graph, node, "mul", equal, values))
