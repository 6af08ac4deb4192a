# SPDX-License-Identifier: MIT
"""Linear layers and convolutions, whose channels are last: turned to channels first and back."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.tflite.graph import Graph, lowers
from puffer_edge.ir.ops import (
    Conv,
    Gemm,
    Reshape,
    Transpose,
)
from puffer_edge.readers.text import printable
from puffer_edge.readers.tflite_model import Operator


@lowers("FULLY_CONNECTED")
def fully_connected(graph: Graph, op: Operator) -> str:
    """Of rows."""
    builder, weight = graph.builder, graph.constant(op.inputs[1])
    x = graph.value(op.inputs[0])
    size = prod(builder.shape(x))
    if weight.ndim != 2 or not weight.size or size % weight.shape[1]:
        raise FileFormatError("the weight does not fit the value before it",
                              where=graph.place(op.inputs[1]))
    x = builder.add(Reshape, x=x, shape=(size // weight.shape[1], weight.shape[1]))
    layer = printable(graph.model.tensors[op.outputs[0]].name)
    y = builder.add(Gemm, x=x, weight=graph.weight(weight, "weight"), bias=_bias(graph, op),
                    layer=layer)
    return graph.activated(y, op, 0)


def _bias(graph: Graph, op: Operator) -> str:
    if len(op.inputs) < 3 or op.inputs[2] < 0:
        return ""
    return graph.weight(graph.constant(op.inputs[2]).reshape(-1), "bias")


@lowers("CONV_2D", "DEPTHWISE_CONV_2D")
def conv_2d(graph: Graph, op: Operator) -> str:
    """Padding SAME puts the odd one behind."""
    builder, options = graph.builder, op.options
    weight = graph.constant(op.inputs[1])
    x = graph.value(op.inputs[0])
    shape = builder.shape(x)
    # A depthwise one: [1, height, width, filters], a group per channel.
    deep = op.name == "DEPTHWISE_CONV_2D"
    if options is None or weight.ndim != 4 or len(shape) != 4 or (
            weight.shape[3] % shape[3] or weight.shape[0] != 1 if deep
            else shape[3] != weight.shape[3]):
        raise FileFormatError("the weight does not fit the value before it",
                              where=graph.place(op.inputs[1]))
    strides = options.number(2), options.number(1)
    dilations = options.number(5 + deep, "<i", 1), options.number(4 + deep, "<i", 1)
    if min(*strides, *dilations) < 1 or max(*strides, *dilations) > 1024:
        raise FileFormatError("the strides are malformed", where=graph.place(op.outputs[0]))
    reach = tuple((n - 1) * d + 1 for n, d in zip(weight.shape[1:3], dilations, strict=True))
    pads = (0,) * 4 if options.number(0, "<b") else same_padding(shape[1:3], reach, strides)
    x = builder.add(Transpose, x=x, permutation=(0, 3, 1, 2))
    y = builder.add(
        Conv, x=x, group=shape[3] if deep else 1,
        weight=graph.weight(weight.transpose((3, 0, 1, 2) if deep else (0, 3, 1, 2)), "weight"),
        bias=_bias(graph, op), strides=strides, pads=pads, dilations=dilations,
        layer=printable(graph.model.tensors[op.outputs[0]].name))
    if min(builder.shape(y)) < 1:
        raise FileFormatError("the kernel is larger than the image",
                              where=graph.place(op.inputs[1]))
    y = graph.activated(y, op, 4 if deep else 3)
    return builder.add(Transpose, x=y, permutation=(0, 2, 3, 1))


def same_padding(sizes: Sequence[int], reach: Sequence[int], strides: Sequence[int]
                 ) -> tuple[int, ...]:
    """Begins, then ends, of SAME: as many outputs as strides begin in the image.

    Args:
        sizes: of the image.
        reach: of the window, dilations included.
        strides: at least 1.
    """
    begins, ends = [], []
    for size, wide, stride in zip(sizes, reach, strides, strict=True):
        total = max((-(-size // max(stride, 1)) - 1) * stride + wide - size, 0)
        begins.append(total // 2)
        ends.append(total - total // 2)
    return (*begins, *ends)
