# SPDX-License-Identifier: MIT
"""Borders."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Pad


@emits(Pad)
def emit(graph: Graph, op: Pad) -> None:
    """See :class:`Pad`."""
    pads = graph.constant(np.array([*op.begins, *op.ends], np.int64))
    value = graph.constant(np.float32(op.value))
    graph.node("Pad", [graph.name(op.x), pads, value], [graph.name(op.y)])
