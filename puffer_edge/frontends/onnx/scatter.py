# SPDX-License-Identifier: MIT
"""Elements taken from, and put to, single places.

Constant indices make all of them a Gather: of the flat tensor, or of the flat tensor with the
updates behind it. Indices that are computed, such as those of TopK, become one-hot vectors: the
element taken is the sum of their products with all elements, exact as all but one are with 0.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.categories import one_hot
from puffer_edge.frontends.graph.comparison import LARGEST
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Concat, Gather, Reduce, Slice, Transpose

_REDUCTIONS: dict[str, tuple[Callable[[Array, Array, Array], None], float]] = {
    "add": (np.add.at, 0.0), "mul": (np.multiply.at, 1.0),
    "max": (np.maximum.at, -LARGEST), "min": (np.minimum.at, LARGEST)}
"""By ONNX's name: numpy's own form of it, and the number that changes nothing."""


@lowers("GatherND")
def gather_nd(graph: Graph, node: Node, x: Operand, indices: Operand) -> Operand:
    """Slices of the leading axes at constant indices."""
    shape, index = graph.shape(x), _indices(graph, node, indices)
    batch = node.get("batch_dims", 0)
    depth = index.shape[-1] if index.ndim else 0
    if not index.ndim or not 0 <= batch < index.ndim or batch + depth > len(shape) or (
            index.shape[:batch] != shape[:batch]):
        raise FileFormatError(f"indices {index.shape} do not fit {shape}", where=node.where)
    places = np.arange(prod(shape)).reshape(shape)
    lead = [np.arange(n).reshape(-1, *(1,) * (index.ndim - 2 - axis))
            for axis, n in enumerate(shape[:batch])]
    inside = _inside(node, index, shape[batch : batch + depth])
    picked = places[(*lead, *np.moveaxis(inside, -1, 0))]
    return taken(graph, node, x, picked)


@lowers("GatherElements")
def gather_elements(graph: Graph, node: Node, x: Operand, indices: Operand) -> Operand:
    """One element per index, along one axis."""
    shape = graph.shape(x)
    axis = axis_of(node, node.get("axis", 0), len(shape))
    window = _window(node, shape, graph.shape(indices), axis)
    if isinstance(indices, str):
        return _chosen(graph, node, x, indices, axis)
    index = _inside(node, _indices(graph, node, indices), (shape[axis],) * len(shape), axis)
    places = np.arange(prod(shape)).reshape(shape)[window]
    return taken(graph, node, x, np.take_along_axis(places, index, axis))


@lowers("ScatterElements", "Scatter")
def scatter_elements(graph: Graph, node: Node, x: Operand, indices: Operand, updates: Operand
                     ) -> Operand:
    """One element per index, along one axis."""
    shape, index = graph.shape(x), _indices(graph, node, indices)
    axis = axis_of(node, node.get("axis", 0), len(shape))
    window = _window(node, shape, index.shape, axis)
    if graph.shape(updates) != index.shape:
        raise FileFormatError("indices and updates differ in shape", where=node.where)
    places = np.arange(prod(shape)).reshape(shape)[window]
    index = _inside(node, index, (shape[axis],) * len(shape), axis)
    return scattered(graph, node, x, np.take_along_axis(places, index, axis), updates)


@lowers("ScatterND")
def scatter_nd(graph: Graph, node: Node, x: Operand, indices: Operand, updates: Operand
               ) -> Operand:
    """Slices of the leading axes."""
    shape, index = graph.shape(x), _indices(graph, node, indices)
    depth = index.shape[-1] if index.ndim else 0
    if not 0 < depth <= len(shape):
        raise FileFormatError(f"indices {index.shape} do not fit {shape}", where=node.where)
    places = np.arange(prod(shape)).reshape(shape)
    picked = places[tuple(np.moveaxis(_inside(node, index, shape[:depth]), -1, 0))]
    if graph.shape(updates) != picked.shape:
        raise FileFormatError(f"updates are not of the shape {picked.shape}", where=node.where)
    return scattered(graph, node, x, picked, updates)


def taken(graph: Graph, node: Node, x: Operand, places: Array) -> Operand:
    """Elements of the flat ``x`` at constant places, in the shape of these."""
    if not places.size:
        raise node.refuse("the result is empty")
    graph.spend(node, places.size)
    flat = reshaped(graph, node, x, (prod(graph.shape(x)),))
    y = graph.add(node, Gather, x=flat, indices=tuple(places.reshape(-1).tolist()), axis=0)
    return reshaped(graph, node, y, places.shape)


def scattered(graph: Graph, node: Node, x: Operand, places: Array, updates: Operand) -> Operand:
    """``x`` with updates at constant places of its flat form; the last of several counts."""
    reduction = node.get("reduction", "none")
    shape, places = graph.shape(x), places.reshape(-1)
    if not places.size:
        return x
    if reduction not in ("none", *_REDUCTIONS):
        raise node.refuse(f"reduction {reduction!r}")
    if reduction == "none":
        source = np.arange(prod(shape))
        source[places] = len(source) + np.arange(places.size)
        return taken(graph, node, _joined(graph, node, x, updates), source.reshape(shape))
    at, neutral = _REDUCTIONS[reduction]
    if not isinstance(x, str) and not isinstance(updates, str):
        result = x.copy().reshape(-1)
        at(result, places, updates.reshape(-1).astype(x.dtype))
        return result.reshape(shape)
    filler = np.full(1, neutral, np.float32)
    both = _joined(graph, node, updates, filler)
    waiting = np.arange(places.size)
    while waiting.size:  # one turn for each update of the place that has most of them
        _, first = np.unique(places[waiting], return_index=True)
        source = np.full(prod(shape), places.size)
        source[places[waiting[first]]] = waiting[first]
        x = combine(graph, node, reduction, x, taken(graph, node, both, source.reshape(shape)))
        waiting = np.delete(waiting, first)
    return x


def _joined(graph: Graph, node: Node, *xs: Operand) -> Operand:
    return graph.add(node, Concat, axis=0, xs=tuple(
        reshaped(graph, node, x, (prod(graph.shape(x)),)) for x in xs))


def _chosen(graph: Graph, node: Node, x: Operand, indices: str, axis: int) -> Operand:
    """Elements along an axis at computed indices."""
    counts = list(graph.shape(indices))
    counts[axis] = classes = graph.shape(x)[axis]
    if tuple(counts) != graph.shape(x):
        x = graph.add(node, Slice, x=x, starts=(0,) * len(counts), counts=tuple(counts),
                      steps=(1,) * len(counts))
    order = (*(a for a in range(len(counts)) if a != axis), axis)
    last = graph.add(node, Transpose, x=x, permutation=order)
    row = reshaped(graph, node, last, (*counts[:axis], 1, *counts[axis + 1 :], classes))
    products = combine(graph, node, "mul", one_hot(graph, node, indices, classes), row)
    return graph.add(node, Reduce, x=products, function="sum", axes=(len(counts),), keep=False)


def _indices(graph: Graph, node: Node, indices: Operand) -> Array:
    array = graph.array(indices, node, "the indices")
    if array.dtype.kind not in "iu":
        raise FileFormatError(f"the indices are of {array.dtype}", where=node.where)
    return array.astype(np.int64)


def _inside(node: Node, index: Array, sizes: tuple[int, ...], axis: int | None = None) -> Array:
    """Indices from 0, once each is shown to lie inside; negative ones count from the end."""
    limit = np.array(sizes) if axis is None else sizes[axis]
    if np.any((index < -limit) | (index >= limit)):
        raise FileFormatError("an index lies outside", where=node.where)
    return np.asarray(np.where(index < 0, index + limit, index))


def _window(node: Node, shape: tuple[int, ...], wished: tuple[int, ...], axis: int
            ) -> tuple[slice, ...]:
    """The part of a tensor that indices reach, all of ``axis``."""
    if len(wished) != len(shape) or any(
            n > size for a, (n, size) in enumerate(zip(wished, shape, strict=True)) if a != axis):
        raise FileFormatError(f"indices {wished} do not fit {shape}", where=node.where)
    return tuple(slice(None if a == axis else n) for a, n in enumerate(wished))
