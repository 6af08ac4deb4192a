# SPDX-License-Identifier: MIT
"""C for Quantize."""

from __future__ import annotations

from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.ir.ops import Quantize

MANY = 32
"""Elements, such as those of an image, for which a kernel of their own is worth its code."""


@emits(Quantize)
def quantize(op: Quantize, context: Context) -> None:
    """A loop over rows and features, over all at once where they have the same scale, or a call."""
    x = context.value(op.x)
    factor, offset = context.weight(op.factor), context.weight(op.offset)
    alike = bool((factor == factor[0]).all() and (offset == offset[0]).all())
    if alike and x.size >= MANY:
        kernel = f"quantize_s{op.dtype[3:]}"
        context.use(kernel)
        context.line(
            f"puffer_edge_{kernel}({context.ref(op.x)}, {context.out(op.y)}, {x.size}, "
            f"{context.real(factor[0])}, {context.real(offset[0])}, {op.low}, {op.high});")
        return
    if alike:
        width, factors, offsets = x.size, context.real(factor[0]), context.real(offset[0])
    else:
        width = x.shape[-1]
        factors, offsets = (context.element(array, "{k}", role)
                            for array, role in ((factor, "factors"), (offset, "offsets")))
    context.use("quantize_f32")
    steps = [width, 1]
    context.line(nest(
        [x.size // width, width],
        f"({context.out(op.y)})[{{y}}] = ({C_TYPES[op.dtype]})puffer_edge_quantize_scaled_f32(\n"
        f"    ({context.ref(op.x)})[{{x}}], {factors}, {offsets}, {op.low}, {op.high});",
        {"x": steps, "y": steps, "k": [0, 1]}))
