"""Functions that keep what lies beyond a threshold."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.frontends.onnx import comparison as onnx
from puffer_edge.frontends.onnx.activation import apply
from puffer_edge.frontends.onnx.arithmetic import combine
from puffer_edge.frontends.onnx.graph import Graph, Operand, number
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.frontends.torch_export.lower import lowers


def _beyond(graph: Graph, node: Node, measure: Operand, limit: float, x: Operand, value: float
            ) -> Operand:
    """``x`` where ``measure > limit``, else a number."""
    mask = onnx.compare(graph, replace(node, op_type="Greater"), measure, number(limit))
    return onnx.where(graph, node, mask, x, number(value))


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
