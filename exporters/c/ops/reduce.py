# SPDX-License-Identifier: MIT
"""C for Reduce."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import Reduce


@emits(Reduce)
def reduce(op: Reduce, context: Context) -> None:
    """One call over [outer, reduced, inner]."""
    outer, size, inner = op.blocks(context.value(op.x).shape)
    context.use("reduce_f32")
    context.line(f"puffer_edge_reduce_{op.function}_f32({context.ref(op.x)}, {context.out(op.y)}, "
                 f"{outer}, {size}, {inner});")
