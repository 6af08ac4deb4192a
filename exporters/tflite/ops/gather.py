# SPDX-License-Identifier: MIT
"""Chosen elements of an axis."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Gather


@emits(Gather)
def emit(graph: Graph, op: Gather) -> None:
    """See :class:`Gather`."""
    graph.operator("GATHER", [graph.tensor(op.x), graph.constant(np.array(op.indices))],
                   graph.tensor(op.y), (0, "Int32", op.axis))
