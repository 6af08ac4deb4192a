# SPDX-License-Identifier: MIT
"""Ops that pick, join and repeat elements; they work on constants of any dtype too."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph import moving
from puffer_edge.frontends.graph.categories import embedding
from puffer_edge.frontends.graph.graph import MAX_ELEMENTS, MAX_RANK, Graph, Operand
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Concat, Expand, Gather, Pad, Slice, Split, Transpose


@lowers("Concat")
def concat(graph: Graph, node: Node, *xs: Operand) -> Operand:
    """Constants and values may be mixed."""
    axis = axis_of(node, node.get("axis", 0), len(graph.shape(xs[0])))
    xs = tuple(x for x in xs if isinstance(x, str) or x.size) or xs[:1]
    return xs[0] if len(xs) == 1 else graph.add(node, Concat, xs=xs, axis=axis)


@lowers("Split")
def split(graph: Graph, node: Node, x: Operand, sizes: Operand | None = None
          ) -> tuple[Operand, ...]:
    """Sizes from an input, the attribute, or as equal as can be with a smaller last part."""
    shape, count = graph.shape(x), len(node.outputs)
    axis = axis_of(node, node.get("axis", 0), len(shape))
    if sizes is not None:
        parts = graph.integers_of(sizes, node, "the sizes")
    elif "split" in node.attributes:
        parts = node.get("split")
    else:
        each = -(-shape[axis] // count)
        parts = (*(each,) * (count - 1), shape[axis] - each * (count - 1))
    if len(parts) != count or min(parts) < 0 or sum(parts) != shape[axis]:
        raise FileFormatError(f"{shape} cannot be split into {parts}", where=node.where)
    if isinstance(x, str) and min(parts) == 0:
        raise node.refuse("a part is empty")
    return graph.add_many(node, Split, count, x=x, sizes=parts, axis=axis)


@lowers("Slice")
def slice_(graph: Graph, node: Node, x: Operand, starts: Operand | None = None,
           ends: Operand | None = None, axes: Operand | None = None,
           steps: Operand | None = None) -> Operand:
    """Bounds are clamped as Python's slices are; they are attributes before opset 10."""
    shape = graph.shape(x)

    def numbers(name: str, operand: Operand | None, default: tuple[int, ...]) -> tuple[int, ...]:
        if operand is None:
            return tuple(node.get(name, default))
        return graph.integers_of(operand, node, f"the {name}")

    first = numbers("starts", starts, ())
    last = numbers("ends", ends, ())
    where = numbers("axes", axes, tuple(range(len(first))))
    stride = numbers("steps", steps, (1,) * len(first))
    if not len(first) == len(last) == len(where) == len(stride) or 0 in stride:
        raise FileFormatError("starts, ends, axes and steps do not fit", where=node.where)
    ranges = [range(n) for n in shape]
    for axis, start, end, step in zip(where, first, last, stride, strict=True):
        axis = axis_of(node, axis, len(shape))
        ranges[axis] = range(shape[axis])[start:end:step]
    if not all(ranges):
        if isinstance(x, str):
            raise node.refuse("the result is empty")
        return np.empty([len(r) for r in ranges], x.dtype)
    if ranges == [range(n) for n in shape]:
        return x
    return graph.add(node, Slice, x=x, starts=tuple(r.start for r in ranges),
                     counts=tuple(len(r) for r in ranges), steps=tuple(r.step for r in ranges))


@lowers("Gather")
def gather(graph: Graph, node: Node, x: Operand, indices: Operand) -> Operand:
    """Constant indices of any shape; a scalar index takes the axis away."""
    if isinstance(indices, str) and not isinstance(x, str):
        if axis_of(node, node.get("axis", 0), x.ndim) != 0:
            raise node.refuse("a table whose rows are not its first axis")
        return embedding(graph, node, x, indices)
    shape, picked = graph.shape(x), graph.array(indices, node, "the indices").shape
    axis = axis_of(node, node.get("axis", 0), len(shape))
    size = shape[axis]
    flat = graph.integers_of(indices, node, "the indices")
    if any(not -size <= i < size for i in flat):
        raise FileFormatError(f"an index leaves axis {axis} of {shape}", where=node.where)
    if isinstance(x, str) and not flat:
        raise node.refuse("the result is empty")
    taken = graph.add(node, Gather, x=x, indices=tuple(i % size for i in flat), axis=axis)
    return reshaped(graph, node, taken, (*shape[:axis], *picked, *shape[axis + 1 :]))


@lowers("Expand")
def expand(graph: Graph, node: Node, x: Operand, target: Operand) -> Operand:
    """Broadcasting in both directions."""
    shape, wished = graph.shape(x), graph.integers_of(target, node, "the shape")
    if len(wished) > MAX_RANK:
        raise node.refuse(f"a tensor of {len(wished)} dimensions")
    try:
        result = np.broadcast_shapes(shape, wished)
    except ValueError:
        raise FileFormatError(f"{shape} cannot be expanded to {wished}",
                              where=node.where) from None
    return x if result == shape else graph.add(node, Expand, x=x, shape=wished)


@lowers("Tile")
def tile(graph: Graph, node: Node, x: Operand, repeats: Operand) -> Operand:
    """The tensor several times along its axes."""
    return moving.tile(graph, node, x, graph.integers_of(repeats, node, "the repeats"))


@lowers("SpaceToDepth", "DepthToSpace")
def blocks(graph: Graph, node: Node, x: Operand) -> Operand:
    """Pixels of square blocks become channels, or channels the pixels of blocks."""
    shape, b = graph.shape(x), node.get("blocksize", 0)
    mode = node.get("mode", "DCR")
    if len(shape) != 4 or b < 1 or mode not in ("DCR", "CRD"):
        raise node.refuse(f"blocks of {b} in {shape}")
    n, c, h, w = shape
    if node.op_type == "SpaceToDepth":
        apart: tuple[int, ...] = (n, c, h // b, b, w // b, b)
        order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
        result = (n, c * b * b, h // b, w // b)
    else:
        apart = (n, b, b, c // (b * b), h, w) if mode == "DCR" else (n, c // (b * b), b, b, h, w)
        order = (0, 3, 4, 1, 5, 2) if mode == "DCR" else (0, 1, 4, 2, 5, 3)
        result = (n, c // (b * b), h * b, w * b)
    y = graph.add(node, Transpose, x=reshaped(graph, node, x, apart), permutation=order)
    return reshaped(graph, node, y, result)


@lowers("Pad")
def pad(graph: Graph, node: Node, x: Operand, pads: Operand | None = None,
        value: Operand | None = None, axes: Operand | None = None) -> Operand:
    """Negative pads cut; the modes that repeat the tensor's own elements are gathers."""
    shape, mode = graph.shape(x), node.get("mode", "constant")
    rank = len(shape)
    widths = node.get("pads", ()) if pads is None else graph.integers_of(pads, node, "the pads")
    where = tuple(range(rank)) if axes is None else tuple(
        axis_of(node, a, rank) for a in graph.integers_of(axes, node, "the axes"))
    if len(widths) != 2 * len(where) or max(map(abs, widths), default=0) > MAX_ELEMENTS:
        raise FileFormatError(f"pads {widths} do not fit {shape}", where=node.where)
    begins, ends = [0] * rank, [0] * rank
    for axis, begin, end in zip(where, widths, widths[len(where) :], strict=False):
        begins[axis], ends[axis] = begin, end
    x = _cropped(graph, node, x, begins, ends)
    begins, ends = [max(n, 0) for n in begins], [max(n, 0) for n in ends]
    if not any((*begins, *ends)):
        return x
    if mode == "constant":
        fill = node.get("value", 0.0) if value is None else graph.scalar(value, node, "the value")
        if not np.isfinite(np.float32(fill)):
            raise node.refuse(f"the value {fill} is not finite")
        return graph.add(node, Pad, x=x, begins=tuple(begins), ends=tuple(ends), value=fill)
    if mode not in ("edge", "reflect", "wrap"):
        raise node.refuse(f"mode {mode!r}")
    for axis, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        if begin or end:
            indices = np.pad(np.arange(graph.shape(x)[axis]), (begin, end), mode=mode)
            x = graph.add(node, Gather, x=x, indices=tuple(indices.tolist()), axis=axis)
    return x


def _cropped(graph: Graph, node: Node, x: Operand, begins: list[int], ends: list[int]
             ) -> Operand:
    """Without the elements that negative pads take away."""
    if min(*begins, *ends, 0) == 0:
        return x
    starts = tuple(max(-n, 0) for n in begins)
    counts = tuple(size - start - max(-end, 0) for size, start, end
                   in zip(graph.shape(x), starts, ends, strict=True))
    if min(counts) < 1:
        raise node.refuse("the result is empty")
    return graph.add(node, Slice, x=x, starts=starts, counts=counts, steps=(1,) * len(counts))


@lowers("Trilu")
def triangle(graph: Graph, node: Node, x: Operand, diagonal: Operand | None = None) -> Operand:
    """The upper part of a matrix, or the lower one."""
    k = 0 if diagonal is None else int(graph.scalar(diagonal, node, "the diagonal"))
    return moving.triangle(graph, node, x, k, upper=bool(node.get("upper", 1)))
