# SPDX-License-Identifier: MIT
"""Convolutions and pools: channels are last; they are turned to channels first and back."""

from __future__ import annotations

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends import layers
from puffer_edge.frontends.keras.context import Context, activated, turned
from puffer_edge.ir.ops import (
    Conv,
    Reduce,
    Reshape,
)
from puffer_edge.readers.text import printable


def conv(context: Context, x: str) -> str:
    """Conv1D, Conv2D, DepthwiseConv2D."""
    rank = len(context.builder.shape(x)) - 2
    deep = context.layer.kind.startswith("Depthwise")
    if rank not in (1, 2) or not context.layer.kind.endswith(f"{rank}D"):
        raise FileFormatError("the layer does not fit its input", where=context.place)
    context.need(data_format="channels_last")
    kernel, channels = context.sizes("kernel_size", rank), context.builder.shape(x)[-1]
    strides, dilations = context.sizes("strides", rank), context.sizes("dilation_rate", rank)
    group = channels if deep else context.get("groups", 1)
    if group < 1 or channels % group:
        raise FileFormatError("the groups do not fit the channels", where=context.place)
    if deep:
        weight = context.take((*kernel, channels, context.get("depth_multiplier", 1)))
        weight = weight.reshape(*kernel, 1, -1)
    else:
        weight = context.take((*kernel, channels // group, context.get("filters", 0)))
    bias = ""
    if context.get("use_bias", True):
        bias = context.constant(context.take(weight.shape[-1:]), "bias")
    sizes = context.builder.shape(x)[1:-1]
    begins, ends = [0] * rank, [0] * rank
    padding = context.get("padding", "valid")
    for axis in range(rank):
        reach = (kernel[axis] - 1) * dilations[axis] + 1
        if padding == "same":
            total = max((-(-sizes[axis] // strides[axis]) - 1) * strides[axis] + reach
                        - sizes[axis], 0)
            begins[axis], ends[axis] = total // 2, total - total // 2
        elif padding == "causal" and rank == 1:
            begins[axis] = reach - 1
        elif padding != "valid":
            raise context.refuse(f"the padding {printable(padding, 20)}")
    y = context.builder.add(
        Conv, x=turned(context, x, first=True), bias=bias, group=group, strides=strides,
        weight=context.constant(weight.transpose(rank + 1, rank, *range(rank)), "kernel"),
        pads=(*begins, *ends), dilations=dilations, layer=context.layer.name)
    if min(context.builder.shape(y)) < 1:
        raise FileFormatError("the kernel is larger than the image", where=context.place)
    return activated(context, turned(context, y, first=False),
                     context.layer.config.get("activation"))


def max_pool(context: Context, x: str) -> str:
    """Of square windows that stay inside."""
    rank = len(context.builder.shape(x)) - 2
    context.need(data_format="channels_last", padding="valid")
    window = context.sizes("pool_size", rank)
    strides = window if context.layer.config.get("strides") is None else context.sizes(
        "strides", rank)
    if len({*window}) != 1 or len({*strides}) != 1:
        raise context.refuse("a pool that is not square")
    x = layers.max_pool(context.builder, turned(context, x, first=True), window[0], strides[0])
    return turned(context, x, first=False)


def global_pool(context: Context, x: str) -> str:
    """The mean or maximum of each channel."""
    context.need(data_format="channels_last", keepdims=False)
    shape = context.builder.shape(x)
    function = "mean" if "Average" in context.layer.kind else "max"
    y = context.builder.add(Reduce, x=x, function=function, axes=tuple(range(1, len(shape) - 1)),
                            keep=False)
    return context.builder.add(Reshape, x=y, shape=(1, shape[-1]))
