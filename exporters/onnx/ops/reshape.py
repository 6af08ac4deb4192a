# SPDX-License-Identifier: MIT
"""Other shapes."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Reshape


@emits(Reshape)
def emit(graph: Graph, op: Reshape) -> None:
    """See :class:`Reshape`."""
    shape = graph.constant(np.array(op.shape, np.int64))
    graph.node("Reshape", [graph.name(op.x), shape], [graph.name(op.y)])
