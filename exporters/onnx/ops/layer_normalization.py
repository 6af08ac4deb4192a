# SPDX-License-Identifier: MIT
"""Layer normalisation."""

from __future__ import annotations

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import LayerNormalization


@emits(LayerNormalization)
def emit(graph: Graph, op: LayerNormalization) -> None:
    """See :class:`LayerNormalization`."""
    inputs = [graph.name(name) for name in (op.x, op.scale, op.bias) if name]
    graph.node("LayerNormalization", inputs, [graph.name(op.y)], axis=op.axis, epsilon=op.epsilon)
