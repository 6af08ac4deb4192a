# SPDX-License-Identifier: MIT
"""Chosen elements of an axis."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Gather


@emits(Gather)
def emit(graph: Graph, op: Gather) -> None:
    """See :class:`Gather`."""
    indices = graph.constant(np.array(op.indices, np.int64))
    graph.node("Gather", [graph.name(op.x), indices], [graph.name(op.y)], axis=op.axis)
