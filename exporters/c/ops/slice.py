# SPDX-License-Identifier: MIT
"""C for Slice."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest, row_major
from puffer_edge.ir.ops import Slice


@emits(Slice)
def slice(op: Slice, context: Context) -> None:
    """A loop nest; nothing for a part of the observation, which is read where it lies."""
    if op.y in context.observed:
        return
    steps = row_major(context.value(op.x).shape)
    base = sum(start * step for start, step in zip(op.starts, steps, strict=True))
    walk = [stride * step for stride, step in zip(op.steps, steps, strict=True)]
    context.line(nest(
        op.counts, f"({context.out(op.y)})[{{y}}] = ({context.ref(op.x)})[{{x}}];",
        {"y": row_major(op.counts), "x": walk}, {"x": base}))
