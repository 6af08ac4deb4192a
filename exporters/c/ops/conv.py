# SPDX-License-Identifier: MIT
"""C for Conv."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.c.channels import MOST_PADDING
from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.unary import apply_in_place, is_relu
from puffer_edge.exporters.c.packing import blocks_of_four, filled, flushed_blocks, wide_blocks
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
    members = sizes(op, x, y, weight.shape)
    last = bool(context.channels_last(op.x))
    layout = Layout.of(members, last) if context.wide and not op.flush else None
    wide = layout is not None and layout.padding <= MOST_PADDING
    call = (_wide(op, context, weight, layout) if wide and layout is not None else
            _narrow(op, context, weight))
    context.line(
        f"{{\n    static const puffer_edge_conv_t sizes = {{{', '.join(map(str, members))}}};\n"
        f"    {call}\n}}", together=wide)
    if not (wide and is_relu(op.activation)):
        apply_in_place(op.activation, op.y, y.size, context)


def _narrow(op: Conv, context: Context, weight: Array) -> str:
    groups = weight.reshape(op.group, weight.shape[0] // op.group, -1)
    kernel, pack = (("conv_flushed_f32", flushed_blocks) if op.flush else
                    ("conv_f32", blocks_of_four))
    packed = context.constant(np.concatenate([pack(group) for group in groups]),
                              role=f"weight {'x'.join(map(str, weight.shape))}")
    context.use(kernel)
    return (f"puffer_edge_{kernel}({context.ref(op.x)}, {packed}, {context.optional(op.bias)}, "
            f"{context.scratch()}, {context.out(op.y)}, &sizes);")


@dataclass(frozen=True)
class Layout:
    """How ``conv_wide_f32`` reads a group's channels.

    Attributes:
        rows, columns: of a channel: what is seen of it with its padding, or all of it without.
        corners: [pixels] where the patch of a pixel begins.
        places: [depth] where a patch lies, from its corner.
        padding: elements of the padded channels; 0 where nothing is padded.
    """

    rows: int
    columns: int
    corners: Array
    places: Array
    padding: int

    @classmethod
    def of(cls, sizes: tuple[int, ...], last: bool = False) -> Layout:
        """From the members of ``puffer_edge_conv_t``; the channels lie last, unpadded, or first."""
        (channels, height, width, _, out_height, out_width, kernel_height, kernel_width, stride_y,
         stride_x, dilation_y, dilation_x, top, left, groups) = sizes
        seen = ((out_height - 1) * stride_y + (kernel_height - 1) * dilation_y + 1,
                (out_width - 1) * stride_x + (kernel_width - 1) * dilation_x + 1)
        padded = top > 0 or left > 0 or seen[0] > height or seen[1] > width
        assert not (padded and last)
        rows, columns = seen if padded else (height, width)
        apart, next_to = (1, channels) if last else (rows * columns, 1)
        line, pixel = np.indices((out_height, out_width))
        channel, i, j = np.indices((channels // groups, kernel_height, kernel_width))
        corners = (line * stride_y * columns + pixel * stride_x) * next_to
        places = channel * apart + (i * dilation_y * columns + j * dilation_x) * next_to
        return cls(rows, columns, corners.reshape(-1).astype(np.int32),
                   places.reshape(-1).astype(np.int32),
                   channels // groups * rows * columns if padded else 0)


def _wide(op: Conv, context: Context, weight: Array, layout: Layout) -> str:
    filters = weight.shape[0] // op.group
    groups = weight.reshape(op.group, filters, -1)
    packed = context.constant(np.concatenate([wide_blocks(group) for group in groups]),
                              role=f"weight {'x'.join(map(str, weight.shape))}")
    bias = context.weight(op.bias) if op.bias else np.zeros(weight.shape[0], np.float32)
    biases = context.constant(np.concatenate([
        filled(part) for part in bias.reshape(op.group, filters)]), role="bias")
    image = f"float image[{layout.padding}];\n    " if layout.padding else ""
    context.use("conv_wide_f32")
    x, y = context.ref(op.x), context.out(op.y)
    return (f"{image}puffer_edge_conv_wide_f32({x}, {context.step(x)}, {packed}, {biases}, "
            f"{context.constant(layout.corners, role='corners of patches')}, "
            f"{context.constant(layout.places, role='places of a patch')}, "
            f"{'image' if image else 'NULL'}, {layout.rows}, {layout.columns}, "
            f"{y}, {context.step(y)}, {1 if context.channels_last(op.y) else layout.corners.size}, "
            f"{context.lanes}, &sizes, {int(is_relu(op.activation))});")


def sizes(op: Conv | ConvInteger, x: Value, y: Value, weight: tuple[int, ...]) -> tuple[int, ...]:
    """Members of ``puffer_edge_conv_t``."""
    flat = len(x.shape) == 3

    def two(values: tuple[int, ...], filler: int) -> tuple[int, ...]:
        return (filler, *values) if flat else values

    (height, width), (out_height, out_width) = two(x.shape[2:], 1), two(y.shape[2:], 1)
    kernel, strides = two(weight[2:], 1), two(op.strides, 1)
    dilations, pads = two(op.dilations, 1), two(op.pads[: len(op.pads) // 2], 0)
    return (x.shape[1], height, width, y.shape[1], out_height, out_width, *kernel, *strides,
            *dilations, *pads, op.group)
