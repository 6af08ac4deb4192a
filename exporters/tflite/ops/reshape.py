# SPDX-License-Identifier: MIT
"""Other shapes."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Reshape


@emits(Reshape)
def emit(graph: Graph, op: Reshape) -> None:
    """See :class:`Reshape`."""
    graph.operator("RESHAPE", [graph.tensor(op.x), graph.constant(np.array(op.shape))],
                   graph.tensor(op.y))
