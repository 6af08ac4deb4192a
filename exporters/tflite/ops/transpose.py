# SPDX-License-Identifier: MIT
"""Axes in another order."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Transpose


@emits(Transpose)
def emit(graph: Graph, op: Transpose) -> None:
    """See :class:`Transpose`."""
    graph.operator("TRANSPOSE", [graph.tensor(op.x), graph.constant(np.array(op.permutation))],
                   graph.tensor(op.y))
