# SPDX-License-Identifier: MIT
"""Functions that keep what lies beyond a threshold."""

from __future__ import annotations

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import comparison
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node


def _beyond(graph: Graph, node: Node, measure: Operand, limit: float, x: Operand, value: float
            ) -> Operand:
    """``x`` where ``measure > limit``, else a number."""
    mask = comparison.compare(graph, node, "greater", measure, number(limit))
    return comparison.where(graph, node, mask, x, number(value))


@lowers("threshold")
def threshold(graph: Graph, node: Node, x: Operand, threshold: float, value: float) -> Operand:
    """``x`` above the threshold, else the value."""
    return _beyond(graph, node, x, threshold, x, value)


@lowers("hardshrink")
def hardshrink(graph: Graph, node: Node, x: Operand, lambd: float = 0.5) -> Operand:
    """Zero where ``|x| <= lambd``."""
    return _beyond(graph, node, apply(graph, node, x, "abs"), lambd, x, 0)


@lowers("softshrink")
def softshrink(graph: Graph, node: Node, x: Operand, lambd: float = 0.5) -> Operand:
    """``x`` less what of it lies within ``-lambd`` to ``lambd``."""
    if lambd < 0:
        raise ValueError("lambd is negative")
    return combine(graph, node, "sub", x, apply(graph, node, x, "clip", -lambd, lambd))
