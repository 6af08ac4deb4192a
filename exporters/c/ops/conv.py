"""C for Conv."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.unary import apply_in_place
from puffer_edge.exporters.c.packing import blocks_of_four
from puffer_edge.ir import Value
from puffer_edge.ir.ops import Conv, ConvInteger


@emits(Conv)
def conv(op: Conv, context: Context) -> None:
    """One call; a 1-D convolution is a 2-D one of height 1."""
    x, y = context.value(op.x), context.value(op.y)
    if x.shape[0] != 1:
        raise UnsupportedError(f"a convolution over a batch of {x.shape[0]}", where=op.layer,
                               hint="a policy on a device sees one observation at a time")
    weight = context.weight(op.weight)
    groups = weight.reshape(op.group, weight.shape[0] // op.group, -1)
    packed = context.constant(np.concatenate([blocks_of_four(group) for group in groups]),
                              role=f"weight {'x'.join(map(str, weight.shape))}")
    context.use("conv_f32")
    context.line(
        f"{{\n    static const puffer_edge_conv_t sizes = {{{sizes(op, x, y, weight.shape)}}};\n"
        f"    puffer_edge_conv_f32({context.ref(op.x)}, {packed}, {context.optional(op.bias)}, "
        f"{context.scratch()}, {context.out(op.y)}, &sizes);\n}}")
    apply_in_place(op.activation, op.y, y.size, context)


def sizes(op: Conv | ConvInteger, x: Value, y: Value, weight: tuple[int, ...]) -> str:
    """Members of ``puffer_edge_conv_t``, as an initialiser's list."""
    flat = len(x.shape) == 3

    def two(values: tuple[int, ...], filler: int) -> tuple[int, ...]:
        return (filler, *values) if flat else values

    (height, width), (out_height, out_width) = two(x.shape[2:], 1), two(y.shape[2:], 1)
    kernel, strides = two(weight[2:], 1), two(op.strides, 1)
    dilations, pads = two(op.dilations, 1), two(op.pads[: len(op.pads) // 2], 0)
    members = (x.shape[1], height, width, y.shape[1], out_height, out_width, *kernel, *strides,
             *dilations, *pads, op.group)
    return ", ".join(map(str, members))
