# SPDX-License-Identifier: MIT
"""C for OneHot."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import OneHot


@emits(OneHot)
def one_hot(op: OneHot, context: Context) -> None:
    """One call."""
    context.use("one_hot_f32")
    context.line(f"puffer_edge_one_hot_f32({context.ref(op.x)}, {context.out(op.y)}, "
                 f"{context.value(op.x).size}, {op.classes});")
