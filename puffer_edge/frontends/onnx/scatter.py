# SPDX-License-Identifier: MIT
"""Elements taken from, and put to, single places, by constant or computed indices."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.places import chosen, put, scattered, taken
from puffer_edge.frontends.graph.shape import axis_of
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node


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
        return chosen(graph, node, x, indices, axis)
    index = _inside(node, _indices(graph, node, indices), (shape[axis],) * len(shape), axis)
    places = np.arange(prod(shape)).reshape(shape)[window]
    return taken(graph, node, x, np.take_along_axis(places, index, axis))


@lowers("ScatterElements", "Scatter")
def scatter_elements(graph: Graph, node: Node, x: Operand, indices: Operand, updates: Operand
                     ) -> Operand:
    """One element per index, along one axis."""
    shape, reduction = graph.shape(x), _reduction(node)
    axis = axis_of(node, node.get("axis", 0), len(shape))
    if isinstance(indices, str):
        if graph.shape(updates) != graph.shape(indices) or reduction not in ("none", "add"):
            raise node.refuse(f"computed indices and reduction {reduction!r}")
        return put(graph, node, x, indices, axis, updates, add=reduction == "add")
    index = _indices(graph, node, indices)
    window = _window(node, shape, index.shape, axis)
    if graph.shape(updates) != index.shape:
        raise FileFormatError("indices and updates differ in shape", where=node.where)
    places = np.arange(prod(shape)).reshape(shape)[window]
    index = _inside(node, index, (shape[axis],) * len(shape), axis)
    return scattered(graph, node, x, np.take_along_axis(places, index, axis), updates,
                     reduction)


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
    return scattered(graph, node, x, picked, updates, _reduction(node))


def _reduction(node: Node) -> str:
    wished = str(node.get("reduction", "none"))
    if wished not in ("none", "add", "mul", "max", "min"):
        raise node.refuse(f"reduction {wished!r}")
    return wished


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
