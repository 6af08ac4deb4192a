# SPDX-License-Identifier: MIT
"""C for Pad."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest, row_major
from puffer_edge.exporters.c.text import number
from puffer_edge.ir.ops import Pad


@emits(Pad)
def pad(op: Pad, context: Context) -> None:
    """Fills the output, then copies the input into its middle."""
    x, y = context.value(op.x), context.value(op.y)
    steps = row_major(y.shape)
    base = sum(begin * step for begin, step in zip(op.begins, steps, strict=True))
    out = context.out(op.y)
    context.line(nest([y.size], f"({out})[{{y}}] = {number(op.value)};", {"y": [1]}))
    context.line(nest(x.shape, f"({out})[{{y}}] = ({context.ref(op.x)})[{{x}}];",
                      {"y": steps, "x": row_major(x.shape)}, {"y": base}))
