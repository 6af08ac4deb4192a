"""C for Quantize."""

from __future__ import annotations

from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.exporters.c.text import number
from puffer_edge.ir.ops import Quantize


@emits(Quantize)
def quantize(op: Quantize, context: Context) -> None:
    """A loop over rows and features."""
    x = context.value(op.x)
    factor = context.constant(context.weight(op.factor))
    offset = context.constant(context.weight(op.offset))
    context.use("quantize_f32")
    width = x.shape[-1]
    steps = [width, 1]
    context.line(nest(
        [x.size // width, width],
        f"const float scaled = ({context.ref(op.x)})[{{x}}] * {factor}[{{k}}];\n"
        f"({context.out(op.y)})[{{y}}] = ({C_TYPES[op.dtype]})quantize_f32(\n"
        f"    scaled + {offset}[{{k}}], {number(op.low)}, {number(op.high)});",
        {"x": steps, "y": steps, "k": [0, 1]}))
