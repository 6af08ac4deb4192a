# SPDX-License-Identifier: MIT
"""C for Split."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest, row_major
from puffer_edge.ir.ops import Split


@emits(Split)
def split(op: Split, context: Context) -> None:
    """A loop nest per part."""
    steps = row_major(context.value(op.x).shape)
    offset = 0
    for name, size in zip(op.ys, op.sizes, strict=True):
        shape = context.value(name).shape
        context.line(nest(
            shape, f"({context.out(name)})[{{y}}] = ({context.ref(op.x)})[{{x}}];",
            {"y": row_major(shape), "x": steps}, {"x": offset * steps[op.axis]}))
        offset += size
