"""C for Dequantize."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.exporters.c.text import number
from puffer_edge.ir.ops import Dequantize


@emits(Dequantize)
def dequantize(op: Dequantize, context: Context) -> None:
    """A loop over all elements."""
    context.line(nest(
        [context.value(op.x).size],
        f"({context.out(op.y)})[{{i}}] = (float)({context.ref(op.x)})[{{i}}] * "
        f"{number(op.scale)} + {number(op.offset)};", {"i": [1]}))
