# SPDX-License-Identifier: MIT
"""Broadcasting."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Expand


@emits(Expand)
def emit(graph: Graph, op: Expand) -> None:
    """See :class:`Expand`."""
    shape = graph.constant(np.array(op.shape, np.int64))
    graph.node("Expand", [graph.name(op.x), shape], [graph.name(op.y)])
