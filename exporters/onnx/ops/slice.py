# SPDX-License-Identifier: MIT
"""Regular parts."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Slice


@emits(Slice)
def emit(graph: Graph, op: Slice) -> None:
    """See :class:`Slice`."""
    first = np.array(op.starts, np.int64)
    steps = np.array(op.steps, np.int64)
    ends = first + steps * np.array(op.counts, np.int64)
    # A negative end would count from the back.
    ends = np.where(ends < 0, np.iinfo(np.int64).min, ends)
    graph.node("Slice", [graph.name(op.x), graph.constant(first), graph.constant(ends),
                         graph.constant(np.arange(len(first))), graph.constant(steps)],
               [graph.name(op.y)])
