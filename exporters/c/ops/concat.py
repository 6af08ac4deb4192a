# SPDX-License-Identifier: MIT
"""C for Concat."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest, row_major
from puffer_edge.ir.ops import Concat


@emits(Concat)
def concat(op: Concat, context: Context) -> None:
    """A loop nest per part."""
    steps = row_major(context.value(op.y).shape)
    offset = 0
    for name in op.xs:
        shape = context.value(name).shape
        context.line(nest(
            shape, f"({context.out(op.y)})[{{y}}] = ({context.ref(name)})[{{x}}];",
            {"y": steps, "x": row_major(shape)}, {"y": offset * steps[op.axis]}))
        offset += shape[op.axis]
