# SPDX-License-Identifier: MIT
"""C for Expand."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import broadcast_steps, nest, row_major
from puffer_edge.ir.ops import Expand


@emits(Expand)
def expand(op: Expand, context: Context) -> None:
    """A loop nest over the output."""
    shape = context.value(op.y).shape
    context.line(nest(
        shape, f"({context.out(op.y)})[{{y}}] = ({context.ref(op.x)})[{{x}}];",
        {"y": row_major(shape), "x": broadcast_steps(context.value(op.x).shape, shape)}))
