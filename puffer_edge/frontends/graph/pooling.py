# SPDX-License-Identifier: MIT
"""Maxima and averages of windows, axis by axis: strided slices, combined in order.

A window of k by k costs 2 * (k - 1) combinations instead of k * k - 1, and no kernel of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.graph import MAX_ELEMENTS, Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.ir.ops import Pad, Slice

MAX_WINDOW = 64


@dataclass(frozen=True)
class Window:
    """What is pooled, per axis after the channels.

    Attributes:
        kernel, strides, dilations: a number for each axis.
        pads: begins, then ends.
        ceil: a last window may reach beyond the end.
        count_pad: an average counts what was padded.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    ceil: bool = False
    count_pad: bool = False


def pool(graph: Graph, node: Node, x: Operand, window: Window, *, largest: bool) -> Operand:
    """Windows over the axes after the channels; padding is never the maximum."""
    check(node, window, len(graph.shape(x)) - 2)
    rank, sizes = len(window.kernel), graph.shape(x)[2:]
    counts = np.ones((1, 1, *(1,) * rank))
    for a in range(rank):
        taps = _taps(node, sizes[a], window, a)
        x = _pool_axis(graph, node, x, a + 2, taps, window.pads[a], largest)
        counts = counts * _counted(window, taps, sizes[a], a).reshape(-1, *(1,) * (rank - 1 - a))
    if largest:
        return x
    if counts.min() == counts.max():
        return combine(graph, node, "div", x, number(counts.min()))
    return combine(graph, node, "div", x, counts.astype(np.float32))


def check(node: Node, window: Window, rank: int) -> None:
    """Raises FileFormatError or UnsupportedError for a window that is none of a policy's."""
    if not (len(window.kernel) == len(window.strides) == len(window.dilations) == rank >= 1
            and len(window.pads) == 2 * rank
            and min(*window.kernel, *window.strides, *window.dilations) >= 1
            and min(window.pads) >= 0 and max(window.pads) <= MAX_ELEMENTS):
        raise FileFormatError("the attributes of the pooling do not fit", where=node.where)
    if max(window.kernel) > MAX_WINDOW:
        raise node.refuse(f"a window of {window.kernel}", f"up to {MAX_WINDOW} are supported")


def _taps(node: Node, size: int, window: Window, axis: int) -> Array:
    """[outputs, kernel] positions in the padded axis."""
    kernel, stride, dilation = (
        part[axis] for part in (window.kernel, window.strides, window.dilations))
    begin, end = window.pads[axis], window.pads[axis + len(window.kernel)]
    room = size + begin + end - dilation * (kernel - 1) - 1
    outputs = (-(-room // stride) if window.ceil else room // stride) + 1
    # A window that would start behind the tensor and its left padding is left out.
    if window.ceil and (outputs - 1) * stride >= size + begin:
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


def _counted(window: Window, taps: Array, size: int, axis: int) -> Array:
    """How many elements of each window an average divides by."""
    begin, end = window.pads[axis], window.pads[axis + len(window.kernel)]
    low, high = (0, begin + size + end) if window.count_pad else (begin, begin + size)
    return np.asarray(np.sum((taps >= low) & (taps < high), axis=1))
