"""MaxPool and AveragePool, axis by axis: strided slices, combined in order.

A window of k by k costs 2 * (k - 1) combinations instead of k * k - 1, and no kernel of its own.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.onnx.arithmetic import combine
from puffer_edge.frontends.onnx.graph import MAX_ELEMENTS, Array, Graph, Operand, lowers, number
from puffer_edge.frontends.onnx.linear import padding
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Pad, Slice

MAX_WINDOW = 64


@lowers("MaxPool", "AveragePool")
def pool(graph: Graph, node: Node, x: Operand) -> Operand:
    """Windows over the axes after the channels; padding is never the maximum."""
    rank = len(graph.shape(x)) - 2
    kernel = node.get("kernel_shape", ())
    strides = node.get("strides", (1,) * rank)
    dilations = node.get("dilations", (1,) * rank)
    if not (len(kernel) == len(strides) == len(dilations) == rank >= 1
            and min(*kernel, *strides, *dilations) >= 1):
        raise FileFormatError("the attributes of the pooling do not fit", where=node.where)
    if max(kernel) > MAX_WINDOW:
        raise node.refuse(f"a window of {kernel}", f"up to {MAX_WINDOW} are supported")
    sizes = graph.shape(x)[2:]
    gaps = any(s > (k - 1) * d + 1 for s, k, d in zip(strides, kernel, dilations, strict=True))
    if gaps and node.get("auto_pad", "NOTSET").startswith("SAME"):
        raise node.refuse("auto_pad with strides wider than the window",
                          "runtimes disagree about it; give pads")
    pads = padding(node, sizes, kernel, strides, dilations)
    if len(pads) != 2 * rank or min(pads) < 0 or max(pads) > MAX_ELEMENTS:
        raise FileFormatError("the attributes of the pooling do not fit", where=node.where)
    largest = node.op_type == "MaxPool"
    counts = np.ones((1, 1, *(1,) * rank))
    for a in range(rank):
        taps = _taps(node, sizes[a], kernel[a], strides[a], dilations[a], pads[a], pads[a + rank])
        x = _pool_axis(graph, node, x, a + 2, taps, pads[a], largest)
        counts = counts * _counted(node, taps, sizes[a], pads[a], pads[a + rank]).reshape(
            -1, *(1,) * (rank - 1 - a))
    if largest:
        return x
    if counts.min() == counts.max():
        return combine(graph, node, "div", x, number(counts.min()))
    return combine(graph, node, "div", x, counts.astype(np.float32))


def _taps(node: Node, size: int, kernel: int, stride: int, dilation: int, begin: int, end: int
          ) -> Array:
    """[outputs, kernel] positions in the padded axis."""
    room = size + begin + end - dilation * (kernel - 1) - 1
    outputs = (-(-room // stride) if node.flag("ceil_mode") else room // stride) + 1
    # A window that would start behind the tensor and its left padding is left out.
    if node.flag("ceil_mode") and (outputs - 1) * stride >= size + begin:
        outputs -= 1
    if room < 0 or outputs < 1:
        raise FileFormatError("the window is larger than the tensor", where=node.where)
    return np.arange(outputs)[:, None] * stride + np.arange(kernel) * dilation


def _pool_axis(graph: Graph, node: Node, x: Operand, axis: int, taps: Array, begin: int,
               largest: bool) -> Operand:
    """Combines the elements of each window along one axis."""
    shape = list(graph.shape(x))
    ends = [0] * len(shape)
    ends[axis] = max(int(taps[-1, -1]) + 1 - begin - shape[axis], 0)
    if begin or ends[axis]:
        begins = [0] * len(shape)
        begins[axis] = begin
        fill = float(np.finfo(np.float32).min) if largest else 0.0
        x = graph.add(node, Pad, x=x, begins=tuple(begins), ends=tuple(ends), value=fill)
        shape = list(graph.shape(x))
    starts, steps = [0] * len(shape), [1] * len(shape)
    shape[axis] = len(taps)
    steps[axis] = int(taps[1, 0]) if len(taps) > 1 else 1
    parts = []
    for first in taps[0]:
        starts[axis] = int(first)
        parts.append(graph.add(node, Slice, x=x, starts=tuple(starts), counts=tuple(shape),
                               steps=tuple(steps)))
    function = "max" if largest else "add"
    return reduce(lambda a, b: combine(graph, node, function, a, b), parts)


def _counted(node: Node, taps: Array, size: int, begin: int, end: int) -> Array:
    """How many elements of each window an average divides by."""
    low, high = (0, begin + size + end) if node.flag("count_include_pad") else (begin,
                                                                                 begin + size)
    return np.asarray(np.sum((taps >= low) & (taps < high), axis=1))
