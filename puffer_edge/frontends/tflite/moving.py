# SPDX-License-Identifier: MIT
"""Operators that move elements."""

from __future__ import annotations

from math import prod

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.tflite.graph import HINT, Graph, integers, lowers
from puffer_edge.ir.ops import Concat, Gather, Reshape, Slice, Split, Transpose
from puffer_edge.readers.tflite_model import Operator


@lowers("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def reshape(graph: Graph, op: Operator) -> str:
    """To the shape that the file declares of the result."""
    x, shape = graph.value(op.inputs[0]), graph.shape_of(op)
    if prod(shape) != prod(graph.builder.shape(x)):
        raise FileFormatError("the reshape does not keep the elements",
                              where=graph.place(op.outputs[0]))
    return graph.builder.add(Reshape, x=x, shape=shape)


@lowers("TRANSPOSE")
def transpose(graph: Graph, op: Operator) -> str:
    """Axes in another order."""
    order = integers(graph, op, 1)
    x = graph.value(op.inputs[0])
    if sorted(order) != list(range(len(graph.builder.shape(x)))):
        raise FileFormatError("the axes are malformed", where=graph.place(op.outputs[0]))
    return graph.builder.add(Transpose, x=x, permutation=order)


@lowers("CONCATENATION")
def concatenation(graph: Graph, op: Operator) -> str:
    """Along an axis."""
    xs = tuple(graph.value(number) for number in op.inputs)
    rank = len(graph.builder.shape(xs[0]))
    axis = op.options.number(0) if op.options else 0
    if not -rank <= axis < rank:
        raise FileFormatError("the axis is malformed", where=graph.place(op.outputs[0]))
    return graph.activated(graph.builder.add(Concat, xs=xs, axis=axis % rank), op, 1)


@lowers("SPLIT", "SPLIT_V")
def split(graph: Graph, op: Operator) -> tuple[str, ...]:
    """Along a constant axis, in equal parts or in parts of given sizes."""
    first = op.name == "SPLIT"  # the axis comes before the tensor
    x = graph.value(op.inputs[1 if first else 0])
    shape, count = graph.builder.shape(x), len(op.outputs)
    axis = _axis(graph, op, integers(graph, op, 0 if first else 2)[0], len(shape))
    sizes = (shape[axis] // count,) * count if first else integers(graph, op, 1)
    if min(sizes) < 1 or sum(sizes) != shape[axis] or len(sizes) != count:
        raise FileFormatError("the parts do not fit", where=graph.place(op.outputs[0]))
    return (x,) if count == 1 else graph.builder.add_many(Split, ("",) * count, x=x, sizes=sizes,
                                                          axis=axis)


@lowers("UNPACK")
def unpack(graph: Graph, op: Operator) -> tuple[str, ...]:
    """The slices of an axis, without it."""
    x = graph.value(op.inputs[0])
    shape, count = graph.builder.shape(x), len(op.outputs)
    axis = _axis(graph, op, op.options.number(1) if op.options else 0, len(shape))
    if shape[axis] != count:
        raise FileFormatError("the parts do not fit", where=graph.place(op.outputs[0]))
    parts = (x,) if count == 1 else graph.builder.add_many(
        Split, ("",) * count, x=x, sizes=(1,) * count, axis=axis)
    rest = (*shape[:axis], *shape[axis + 1 :])
    return tuple(graph.builder.add(Reshape, x=part, shape=rest) for part in parts)


@lowers("PACK")
def pack(graph: Graph, op: Operator) -> str:
    """Tensors along a new axis."""
    xs = [graph.value(number) for number in op.inputs]
    shape = graph.builder.shape(xs[0])
    axis = _axis(graph, op, op.options.number(1) if op.options else 0, len(shape) + 1)
    wide = (*shape[:axis], 1, *shape[axis:])
    rows = tuple(graph.builder.add(Reshape, x=x, shape=wide) for x in xs)
    return rows[0] if len(rows) == 1 else graph.builder.add(Concat, xs=rows, axis=axis)


@lowers("STRIDED_SLICE")
def strided_slice(graph: Graph, op: Operator) -> str:
    """Python's slices by constant bounds; a bit of a mask leaves a bound, or an axis, out."""
    x = graph.value(op.inputs[0])
    shape = graph.builder.shape(x)
    begins, ends, steps = (integers(graph, op, index) for index in (1, 2, 3))
    masks = [op.options.number(index) if op.options else 0 for index in range(5)]
    if masks[2] or masks[3]:
        raise UnsupportedError("a slice with an ellipsis or a new axis",
                               where=graph.place(op.outputs[0]), hint=HINT)
    if not len(begins) == len(ends) == len(steps) <= len(shape) or 0 in steps:
        raise FileFormatError("the slice is malformed", where=graph.place(op.outputs[0]))
    ranges, gone = [range(n) for n in shape], set()
    for axis, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if masks[4] >> axis & 1:
            if not -shape[axis] <= begin < shape[axis]:
                raise FileFormatError("the slice leaves the tensor",
                                      where=graph.place(op.outputs[0]))
            ranges[axis] = range(begin % shape[axis], begin % shape[axis] + 1)
            gone.add(axis)
        else:
            ranges[axis] = range(shape[axis])[
                None if masks[0] >> axis & 1 else begin : None if masks[1] >> axis & 1 else end :
                step]
    return _taken(graph, op, x, ranges, tuple(
        len(r) for axis, r in enumerate(ranges) if axis not in gone))


@lowers("SLICE")
def slice_(graph: Graph, op: Operator) -> str:
    """By constant begins and sizes; a size of -1 takes the rest."""
    x = graph.value(op.inputs[0])
    shape, begins, sizes = graph.builder.shape(x), integers(graph, op, 1), integers(graph, op, 2)
    if not len(begins) == len(sizes) == len(shape):
        raise FileFormatError("the slice is malformed", where=graph.place(op.outputs[0]))
    ranges = [range(begin, n if size == -1 else begin + size)
              for begin, size, n in zip(begins, sizes, shape, strict=True)]
    if any(r.start < 0 or r.stop > n for r, n in zip(ranges, shape, strict=True)):
        raise FileFormatError("the slice leaves the tensor", where=graph.place(op.outputs[0]))
    return _taken(graph, op, x, ranges, tuple(map(len, ranges)))


@lowers("GATHER")
def gather(graph: Graph, op: Operator) -> str:
    """Constant indices along an axis."""
    x, indices = graph.value(op.inputs[0]), integers(graph, op, 1)
    shape, picked = graph.builder.shape(x), graph.model.tensors[op.inputs[1]].shape
    axis = _axis(graph, op, op.options.number(0) if op.options else 0, len(shape))
    if (op.options and op.options.number(1)) or not indices or not all(
            0 <= index < shape[axis] for index in indices):
        raise UnsupportedError("these indices", where=graph.place(op.outputs[0]), hint=HINT)
    y = graph.builder.add(Gather, x=x, indices=indices, axis=axis)
    return graph.builder.add(Reshape, x=y, shape=(*shape[:axis], *picked, *shape[axis + 1 :]))


def _taken(graph: Graph, op: Operator, x: str, ranges: list[range], shape: tuple[int, ...]) -> str:
    if not all(ranges):
        raise UnsupportedError("an empty tensor", where=graph.place(op.outputs[0]), hint=HINT)
    y = graph.builder.add(Slice, x=x, starts=tuple(r.start for r in ranges),
                          counts=tuple(map(len, ranges)), steps=tuple(r.step for r in ranges))
    return graph.builder.add(Reshape, x=y, shape=shape)


def _axis(graph: Graph, op: Operator, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise FileFormatError("the axis is malformed", where=graph.place(op.outputs[0]))
    return axis % rank
