# SPDX-License-Identifier: MIT
"""Parts."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Split


@emits(Split)
def emit(graph: Graph, op: Split) -> None:
    """See :class:`Split`."""
    inputs = [graph.tensor(op.x), graph.constant(np.array(op.sizes)),
              graph.constant(np.array(op.axis))]
    graph.operators("SPLIT_V", inputs, [graph.tensor(y) for y in op.ys],
                    (0, "Int32", len(op.ys)))
