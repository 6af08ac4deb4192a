# SPDX-License-Identifier: MIT
"""Convolutions."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Conv


@emits(Conv)
def emit(graph: Graph, op: Conv) -> None:
    """See :class:`Conv`."""
    inputs = [graph.name(name) for name in (op.x, op.weight, op.bias) if name]
    graph.node("Conv", inputs, [graph.name(op.y)], strides=op.strides, pads=op.pads,
               dilations=op.dilations, group=op.group)
