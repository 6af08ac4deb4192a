# SPDX-License-Identifier: MIT
"""Borders."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Pad


@emits(Pad)
def emit(graph: Graph, op: Pad) -> None:
    """See :class:`Pad`."""
    pads = graph.constant(np.stack([op.begins, op.ends], axis=1).astype(np.int32))
    value = graph.constant(np.array([op.value], np.float32))
    graph.operator("PADV2", [graph.tensor(op.x), pads, value], graph.tensor(op.y))
