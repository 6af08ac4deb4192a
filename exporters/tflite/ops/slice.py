# SPDX-License-Identifier: MIT
"""Regular parts."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Slice


@emits(Slice)
def emit(graph: Graph, op: Slice) -> None:
    """See :class:`Slice`."""
    first, steps = np.array(op.starts), np.array(op.steps)
    ends = first + steps * np.array(op.counts)
    # A negative end would count from the back; the mask says: as far as there is.
    mask = sum(1 << axis for axis, end in enumerate(ends) if end < 0)
    graph.operator("STRIDED_SLICE", [graph.tensor(op.x), graph.constant(first),
                                     graph.constant(np.maximum(ends, 0)), graph.constant(steps)],
                   graph.tensor(op.y), (1, "Int32", mask))
