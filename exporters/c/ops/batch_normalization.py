# SPDX-License-Identifier: MIT
"""C for BatchNormalization."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import BatchNormalization


@emits(BatchNormalization)
def batch_normalization(op: BatchNormalization, context: Context) -> None:
    """One call over [outer, channels, inner]."""
    shape = context.value(op.x).shape
    context.use("batch_normalization_f32")
    context.line(
        f"puffer_edge_batch_normalization_f32({context.ref(op.x)}, "
        f"{context.constant(context.weight(op.scale), role='scale')}"
        f", {context.constant(context.weight(op.shift), role='shift')}, {context.out(op.y)}, "
        f"{shape[0]}, {shape[1]}, {prod(shape[2:])});")
