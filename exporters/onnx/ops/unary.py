# SPDX-License-Identifier: MIT
"""Elementwise functions."""

from __future__ import annotations

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Unary

KINDS = {name: known.onnx for name, known in FUNCTIONS.items() if known.onnx}
"""ONNX's op by function; others are made of these."""


@emits(Unary)
def emit(graph: Graph, op: Unary) -> None:
    """See :class:`Unary`."""
    name = op.function.function
    if name not in KINDS:
        raise UnsupportedError(f"the function {name} has no ONNX form", where=op.layer)
    attributes: dict[str, object] = dict(
        zip(FUNCTIONS[name].onnx_attributes, op.function.parameters, strict=False))
    if name == "gelu_tanh":
        attributes["approximate"] = "tanh"
    graph.node(KINDS[name], [graph.name(op.x)], [graph.name(op.y)], **attributes)
