# SPDX-License-Identifier: MIT
"""Ops that pick, join and repeat elements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import alike, lowers
from puffer_edge.frontends.aten.places import picked
from puffer_edge.frontends.graph import linear as products
from puffer_edge.frontends.graph import moving
from puffer_edge.frontends.graph.categories import one_hot
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.places import scattered, taken
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.ir.ops import Concat, Expand, Gather, Pad, Slice, Split, Transpose


@lowers("cat", "concat", "concatenate", moving=True, after_choice=True)
def cat(graph: Graph, node: Node, tensors: Sequence[Operand], dim: int = 0) -> Operand:
    """Tensors one after another; decisions are their logits one after another."""
    if node.outputs[0] in graph.choices:
        tensors = [reshaped(graph, node, x, (1, prod(graph.shape(x)))) for x in tensors]
        dim = 1
    # torch's leftover: an empty vector joins anything
    tensors = alike([x for x in tensors if prod(graph.shape(x))] or list(tensors)[:1])
    axis = axis_of(node, dim, len(graph.shape(tensors[0])))
    return (tensors[0] if len(tensors) == 1
            else graph.add(node, Concat, xs=tuple(tensors), axis=axis))


@lowers("stack", moving=True, after_choice=True)
def stack(graph: Graph, node: Node, tensors: Sequence[Operand], dim: int = 0) -> Operand:
    """Along a new axis."""
    if node.outputs[0] not in graph.choices:
        shape = graph.shape(tensors[0])
        axis = axis_of(node, dim, len(shape) + 1)
        tensors = [reshaped(graph, node, x, (*shape[:axis], 1, *shape[axis:])) for x in tensors]
        dim = axis
    return cat(graph, node, tensors, dim)


@lowers("split", "split_with_sizes", "chunk", "unsafe_split", "unsafe_chunk", moving=True)
def split(graph: Graph, node: Node, x: Operand, split_size: Any = None, split_sizes: Any = None,
          chunks: int | None = None, dim: int = 0) -> tuple[Operand, ...]:
    """By sizes, by a size, or into so many parts."""
    shape = graph.shape(x)
    axis = axis_of(node, dim, len(shape))
    each = split_size if split_sizes is None else split_sizes
    if chunks is not None:
        each = -(-shape[axis] // chunks)
    if isinstance(each, int):
        full, rest = divmod(shape[axis], each)
        each = [each] * full + [rest] * (rest > 0)
    if len(each) == 1:
        return (x,)
    return graph.add_many(node, Split, len(each), x=x, sizes=tuple(each), axis=axis)


@lowers("tensor_split", "hsplit", "vsplit", "dsplit", moving=True)
def tensor_split(graph: Graph, node: Node, x: Operand, sections: int | None = None,
                 indices: Sequence[int] | None = None, dim: int | None = None
                 ) -> tuple[Operand, ...]:
    """Into so many parts, the first ones longer, or at indices."""
    shape = graph.shape(x)
    places = {"hsplit": min(1, len(shape) - 1), "vsplit": 0, "dsplit": 2, "tensor_split": 0}
    axis = axis_of(node, places[node.op_type.split(".")[1]] if dim is None else dim, len(shape))
    size = shape[axis]
    if sections is not None:
        each, more = divmod(size, sections)
        sizes = [each + 1] * more + [each] * (sections - more)
    else:
        ends = [0, *(range(size)[:i].stop for i in indices or ()), size]
        sizes = [b - a for a, b in pairwise(ends)]
    if min(sizes) < 1:
        raise node.refuse("an empty part")
    return split(graph, node, x, None, sizes, None, axis)


@lowers("hstack", "vstack", "dstack", "column_stack", "row_stack", moving=True)
def beside(graph: Graph, node: Node, tensors: Sequence[Operand]) -> Operand:
    """Vectors and matrices beside, below or behind each other."""
    kind, rank = node.op_type.split(".")[1], len(graph.shape(tensors[0]))
    if kind == "hstack":
        return cat(graph, node, tensors, 0 if rank == 1 else 1)
    if rank > 2 or kind == "dstack":
        raise node.refuse(f"of {rank} axes")
    turned = []
    for x in tensors:
        size = prod(graph.shape(x))
        flat = (size, 1) if kind == "column_stack" else (1, size)
        turned.append(x if len(graph.shape(x)) == 2 else reshaped(graph, node, x, flat))
    return cat(graph, node, turned, 1 if kind == "column_stack" else 0)


@lowers("repeat_interleave", moving=True)
def repeat_interleave(graph: Graph, node: Node, x: Operand, repeats: Any, dim: int | None = None,
                      output_size: int | None = None) -> Operand:
    """Each element of an axis several times."""
    if isinstance(repeats, str):
        raise node.refuse("computed repeats")
    if dim is None:
        x, dim = reshaped(graph, node, x, (prod(graph.shape(x)),)), 0
    axis = axis_of(node, dim, len(graph.shape(x)))
    rows = np.repeat(np.arange(graph.shape(x)[axis]), np.asarray(repeats))
    if not rows.size:
        raise node.refuse("the result is empty")
    return graph.add(node, Gather, x=x, indices=tuple(rows.tolist()), axis=axis)


@lowers("unbind", moving=True)
def unbind(graph: Graph, node: Node, x: Operand, dim: int = 0) -> tuple[Operand, ...]:
    """The slices of an axis, without it."""
    shape = graph.shape(x)
    axis = axis_of(node, dim, len(shape))
    parts = split(graph, node, x, 1, dim=axis)
    return tuple(reshaped(graph, node, p, (*shape[:axis], *shape[axis + 1 :])) for p in parts)


@lowers("getitem", moving=True)
def getitem(graph: Graph, node: Node, x0: Any, x1: int) -> Any:
    """One of the results of an op that has several."""
    if not isinstance(x0, tuple | list):
        raise node.refuse("an index into a single tensor")
    return x0[x1]


@lowers("slice", "narrow", "select", moving=True)
def window(graph: Graph, node: Node, x: Operand, dim: int = 0, start: int | None = None,
           end: int | None = None, step: int = 1, length: int | None = None,
           index: int | None = None) -> Operand:
    """Part of one axis; ``select`` takes one element and the axis away."""
    shape = graph.shape(x)
    axis = axis_of(node, dim, len(shape))
    if index is not None:
        start = index % shape[axis] if -shape[axis] <= index < shape[axis] else shape[axis]
        end = start + 1
    elif length is not None and start is not None:
        start = start + shape[axis] if start < 0 else start
        end = start + length
    where = range(shape[axis])[start:end:step]
    if not where:
        raise node.refuse("the result is empty")
    if len(where) < shape[axis]:
        starts, counts, steps = [0] * len(shape), list(shape), [1] * len(shape)
        starts[axis], counts[axis], steps[axis] = where.start, len(where), where.step
        x = graph.add(node, Slice, x=x, starts=tuple(starts), counts=tuple(counts),
                      steps=tuple(steps))
    return x if index is None else reshaped(graph, node, x, (*shape[:axis], *shape[axis + 1 :]))


@lowers("flip", moving=True)
def flip(graph: Graph, node: Node, x: Operand, dims: Sequence[int]) -> Operand:
    """Axes read backwards."""
    shape = graph.shape(x)
    axes = {axis_of(node, d, len(shape)) for d in dims}
    return graph.add(
        node, Slice, x=x, counts=shape,
        starts=tuple(n - 1 if a in axes else 0 for a, n in enumerate(shape)),
        steps=tuple(-1 if a in axes else 1 for a in range(len(shape))))


@lowers("index", "index_select", "_unsafe_index", moving=True)
def index(graph: Graph, node: Node, x: Operand, indices: Sequence[Operand | None] = (),
          dim: int | None = None, index: Operand | None = None) -> Operand:
    """Constant indices or masks; computed ones along one axis."""
    if dim is not None and index is not None:
        axis = axis_of(node, dim, len(graph.shape(x)))
        indices = [*(None,) * axis, index]
    pairs = [(a, i) for a, i in enumerate(indices) if i is not None]
    shape = graph.shape(x)
    if len(pairs) == 1 and isinstance(pairs[0][1], str) and pairs[0][1] not in graph.flags:
        return _rows(graph, node, x, pairs[0][0], pairs[0][1])
    if len(pairs) != 1 or (graph.array(pairs[0][1], node, "the indices").ndim > 1 and (
            graph.array(pairs[0][1], node, "the indices").dtype == np.bool_)):
        return taken(graph, node, x, picked(
            graph, node, np.arange(prod(shape)).reshape(shape), indices))
    axis, where = pairs[0][0], graph.array(pairs[0][1], node, "the indices")
    if where.dtype == np.bool_:
        if where.shape != shape[axis : axis + 1]:
            raise ValueError(f"a mask of {where.shape} for axis {axis} of {shape}")
        where = np.flatnonzero(where)
    flat = tuple(int(i) % shape[axis] for i in where.reshape(-1) if -shape[axis] <= i < shape[axis])
    if len(flat) != where.size or not flat:
        raise node.refuse("an index leaves the tensor, or there is none")
    gathered = graph.add(node, Gather, x=x, indices=flat, axis=axis)
    return reshaped(graph, node, gathered, (*shape[:axis], *where.shape, *shape[axis + 1 :]))


def _rows(graph: Graph, node: Node, x: Operand, axis: int, where: str) -> Operand:
    """Slices of one axis at computed indices: a product with one-hot vectors."""
    shape, counts = graph.shape(x), graph.shape(where)
    if axis != 0:
        order = (axis, *(a for a in range(len(shape)) if a != axis))
        x = graph.add(node, Transpose, x=x, permutation=order)
    hot = one_hot(graph, node, str(reshaped(graph, node, where, (prod(counts),))), shape[axis])
    rest = (*shape[:axis], *shape[axis + 1 :])
    flat = reshaped(graph, node, x, (shape[axis], prod(rest)))
    y = reshaped(graph, node, products.matmul(graph, node, hot, flat), (*counts, *rest))
    if axis == 0:
        return y
    order = (*range(len(counts), len(counts) + axis), *range(len(counts)),
             *range(len(counts) + axis, len(counts) + len(rest)))
    return graph.add(node, Transpose, x=y, permutation=order)


@lowers("expand", "expand_as", "broadcast_to", moving=True)
def expand(graph: Graph, node: Node, x: Operand, size: Sequence[int] = (),
           other: Operand | None = None) -> Operand:
    """A -1 keeps the size."""
    shape = graph.shape(x)
    wished = list(size) if other is None else list(graph.shape(other))
    padded = (*(1,) * (len(wished) - len(shape)), *shape)
    wanted = tuple(old if n == -1 else int(n) for n, old in zip(wished, padded, strict=True))
    if prod(wanted) == prod(shape):
        return reshaped(graph, node, x, wanted)
    return graph.add(node, Expand, x=x, shape=wanted)


@lowers("repeat", "tile", moving=True)
def repeat(graph: Graph, node: Node, x: Operand, repeats: Sequence[int] = (),
           dims: Sequence[int] = ()) -> Operand:
    """The tensor several times along its axes, new ones in front."""
    shape, counts = graph.shape(x), list(repeats or dims)
    counts = [1] * (len(shape) - len(counts)) + counts
    x = reshaped(graph, node, x, (*(1,) * (len(counts) - len(shape)), *shape))
    if all(n == 1 for n in counts):
        return x
    return moving.tile(graph, node, x, counts)


@lowers("constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d", "replication_pad1d",
        "replication_pad2d")
def pad(graph: Graph, node: Node, x: Operand, pad: Sequence[int] = (), value: float | None = None,
        mode: str = "constant", padding: Sequence[int] = ()) -> Operand:
    """Pairs (begin, end) from the last axis backwards; by a constant, or by elements of x."""
    rank, widths = len(graph.shape(x)), list(pad or padding)
    kind = node.op_type.split(".")[1]
    mode = {"refl": "reflect", "repl": "replicate"}.get(kind[:4], mode)
    if len(widths) % 2 or len(widths) > 2 * rank:
        raise ValueError(f"{len(widths)} widths")
    if min(widths, default=0) < 0:
        raise node.refuse("padding of less than nothing")
    if mode != "constant":
        return _padded(graph, node, x, widths, mode)
    widths += [0] * (2 * rank - len(widths))
    begins, ends = tuple(widths[0::2][::-1]), tuple(widths[1::2][::-1])
    if not any(widths):
        return x
    return graph.add(node, Pad, x=x, begins=begins, ends=ends, value=float(value or 0))


def _padded(graph: Graph, node: Node, x: Operand, widths: Sequence[int], mode: str) -> Operand:
    """Each padded axis is one Gather of its own elements: the other end's, mirrored, the last."""
    shape = graph.shape(x)
    for back, (begin, end) in enumerate(zip(widths[0::2], widths[1::2], strict=True)):
        axis, size = len(shape) - 1 - back, shape[len(shape) - 1 - back]
        places = np.arange(-begin, size + end)
        if mode == "circular" and max(begin, end) <= size:
            places %= size
        elif mode == "reflect" and max(begin, end) < size:
            places = size - 1 - np.abs(size - 1 - np.abs(places))
        elif mode == "replicate":
            places = places.clip(0, size - 1)
        else:
            raise node.refuse(f"padding by {mode} of {begin} and {end} around {size}")
        if begin or end:
            x = graph.add(node, Gather, x=x, indices=tuple(map(int, places)), axis=axis)
    return x


@lowers("roll", moving=True)
def roll(graph: Graph, node: Node, x: Operand, shifts: Sequence[int], dims: Sequence[int] = ()
         ) -> Operand:
    """The elements of an axis, later by so many places; what leaves at the end comes in again."""
    shape = graph.shape(x)
    flat = not dims
    if flat:
        x, dims = reshaped(graph, node, x, (prod(shape),)), (0,)
    for shift, dim in zip(shifts, dims, strict=True):
        axis = axis_of(node, dim, len(graph.shape(x)))
        size = graph.shape(x)[axis]
        first = (size - shift) % size
        if first:
            x = cat(graph, node, [window(graph, node, x, axis, first, size),
                                  window(graph, node, x, axis, 0, first)], axis)
    return reshaped(graph, node, x, shape)


@lowers("select_scatter", "slice_scatter")
def scatter(graph: Graph, node: Node, x: Operand, src: Operand, dim: int = 0,
            index: int | None = None, start: int | None = None, end: int | None = None,
            step: int = 1) -> Operand:
    """``x`` with a window of one axis taken from ``src``; what writing into a part becomes."""
    shape = graph.shape(x)
    axis = axis_of(node, dim, len(shape))
    if index is not None:
        start = index % shape[axis]
        end, src = start + 1, reshaped(graph, node, src, (*shape[:axis], 1, *shape[axis + 1 :]))
    where = range(shape[axis])[start:end:step]
    if not where:
        return x
    x, src = alike((x, src))
    if step != 1:
        places = np.moveaxis(np.arange(prod(shape)).reshape(shape), axis, 0)[where.start::step]
        return scattered(graph, node, x, np.moveaxis(places[: len(where)], 0, axis), src)
    parts = [src]
    if where.start > 0:
        parts.insert(0, window(graph, node, x, axis, 0, where.start))
    if where.stop < shape[axis]:
        parts.append(window(graph, node, x, axis, where.stop, shape[axis]))
    return cat(graph, node, parts, axis)


@lowers("tril", "triu")
def triangle(graph: Graph, node: Node, x: Operand, diagonal: int = 0) -> Operand:
    """The lower or upper part of a matrix."""
    return moving.triangle(graph, node, x, diagonal, upper="triu" in node.op_type)
