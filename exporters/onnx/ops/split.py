# SPDX-License-Identifier: MIT
"""Parts."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Split


@emits(Split)
def emit(graph: Graph, op: Split) -> None:
    """See :class:`Split`."""
    sizes = graph.constant(np.array(op.sizes, np.int64))
    graph.node("Split", [graph.name(op.x), sizes], [graph.name(y) for y in op.ys], axis=op.axis)
