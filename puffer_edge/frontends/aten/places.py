# SPDX-License-Identifier: MIT
"""Elements taken from, and put to, single places, by constant or computed indices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.aten.lower import alike, lowers, operand
from puffer_edge.frontends.graph.comparison import where
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.places import chosen, put, scattered, taken
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.ir.ops import Expand

_REDUCTIONS = {"add": "add", "amax": "max", "amin": "min", "multiply": "mul", "prod": "mul",
               "sum": "add", None: "none"}
"""By torch's name: ONNX's."""


@lowers("gather", "take_along_dim", moving=True)
def gather(graph: Graph, node: Node, x: Operand, index: Operand | None = None,
           dim: int | None = None, indices: Operand | None = None) -> Operand:
    """One element per index, along one axis."""
    places = indices if index is None else index
    if places is None or dim is None:
        raise node.refuse("of the flat tensor")
    axis, shape = axis_of(node, dim, len(graph.shape(x))), graph.shape(x)
    if "take_along" in node.op_type:  # the other axes are broadcast
        wide = list(np.broadcast_shapes(*(
            (*s[:axis], 1, *s[axis + 1 :]) for s in (shape, graph.shape(places)))))
        x, places = (_wide(graph, node, v, (*wide[:axis], graph.shape(v)[axis], *wide[axis + 1 :]))
                     for v in (x, places))
    if isinstance(places, str):
        return chosen(graph, node, x, places, axis)
    return taken(graph, node, x, _along(node, graph.shape(x), places, axis))


@lowers("scatter", "scatter_add", "scatter_reduce")
def scatter(graph: Graph, node: Node, x: Operand, dim: int, index: Operand, src: Any = None,
            value: float | None = None, reduce: str | None = None, include_self: bool = True
            ) -> Operand:
    """One element put per index, along one axis."""
    axis = axis_of(node, dim, len(graph.shape(x)))
    how = "add" if "scatter_add" in node.op_type else _REDUCTIONS.get(reduce, "")
    if not how or not include_self:
        raise node.refuse(f"reduce = {reduce!r}, include_self = {include_self}")
    counts = graph.shape(index)
    new = operand(value if src is None else src)
    if not graph.shape(new):
        new = _wide(graph, node, new, counts)
    elif graph.shape(new) != counts:
        new = _cut(graph, node, new, counts)
    x, new = alike((x, new)) if not isinstance(index, str) else alike((x, new, index))[:2]
    if isinstance(index, str):
        if how not in ("none", "add"):
            raise node.refuse(f"reduce = {reduce!r} at computed indices")
        return put(graph, node, x, index, axis, new, add=how == "add")
    return scattered(graph, node, x, _along(node, graph.shape(x), index, axis), new, how)


@lowers("index_copy", "index_add", "index_fill")
def index_put_along(graph: Graph, node: Node, x: Operand, dim: int, index: Operand,
                    source: Operand | None = None, value: Any = None, alpha: float = 1) -> Operand:
    """Slices put to constant places of one axis."""
    shape = graph.shape(x)
    axis = axis_of(node, dim, len(shape))
    flat = graph.array(index, node, "the indices").reshape(-1)
    rows = np.moveaxis(np.arange(prod(shape)).reshape(shape), axis, 0)
    places = np.moveaxis(rows[_inside(node, flat, shape[axis])], 0, axis)
    new = operand(value) if source is None else source
    if not graph.shape(new):
        new = _wide(graph, node, new, places.shape)
    if alpha != 1:
        raise node.refuse(f"alpha = {alpha}")
    x, new = alike((x, new))
    return scattered(graph, node, x, places, new, "add" if "index_add" in node.op_type else "none")


@lowers("index_put", "_index_put_impl", "_unsafe_index_put")
def index_put(graph: Graph, node: Node, x: Operand, indices: Sequence[Operand | None],
              values: Operand, accumulate: bool = False) -> Operand:
    """``x[i, j] = values`` at constant places; a computed mask of x's shape takes one number."""
    shape = graph.shape(x)
    masks = [i for i in indices if isinstance(i, str)]
    if masks:
        return _masked(graph, node, x, indices, values, accumulate=accumulate)
    places = picked(graph, node, np.arange(prod(shape)).reshape(shape), indices)
    if not places.size:
        return x
    x, new = alike((x, _wide(graph, node, values, places.shape)))
    return scattered(graph, node, x, places, new, "add" if accumulate else "none")


def picked(graph: Graph, node: Node, places: Array, indices: Sequence[Operand | None]) -> Array:
    """``places[indices]`` with constant indices or masks, None for a whole axis."""
    if len(indices) > places.ndim:
        raise ValueError(f"{len(indices)} indices of {places.ndim} axes")
    index = tuple(slice(None) if i is None else graph.array(i, node, "the indices")
                  for i in indices)
    return np.asarray(places[index])


def _masked(graph: Graph, node: Node, x: Operand, indices: Sequence[Operand | None],
            values: Operand, *, accumulate: bool) -> Operand:
    """``x[mask] = number``."""
    (mask, *more) = indices
    if more or mask is None or accumulate or prod(graph.shape(values)) != 1 or str(
            mask) not in graph.flags or graph.shape(mask) != graph.shape(x)[: len(
                graph.shape(mask))]:
        raise node.refuse("computed indices, or a mask for more than one number",
                          "write torch.where(mask, a, b)")
    rest = len(graph.shape(x)) - len(graph.shape(mask))
    wide = reshaped(graph, node, mask, (*graph.shape(mask), *(1,) * rest))
    return where(graph, node, wide, reshaped(graph, node, values, ()), x)


def _along(node: Node, shape: tuple[int, ...], index: Operand, axis: int) -> Array:
    """Places in the flat tensor of constant indices along one axis."""
    assert not isinstance(index, str)
    if index.ndim != len(shape) or any(
            n > size for a, (n, size) in enumerate(zip(index.shape, shape, strict=True))
            if a != axis):
        raise ValueError(f"indices {index.shape} do not fit {shape}")
    window = tuple(slice(None if a == axis else n) for a, n in enumerate(index.shape))
    places = np.arange(prod(shape)).reshape(shape)[window]
    return np.take_along_axis(places, _inside(node, index, shape[axis]), axis)


def _inside(node: Node, index: Array, size: int) -> Array:
    if index.dtype.kind not in "iu" or np.any((index < -size) | (index >= size)):
        raise node.refuse(f"an index that is none of {size}")
    return np.asarray(np.where(index < 0, index + size, index).astype(np.int64))


def _wide(graph: Graph, node: Node, x: Operand, shape: tuple[int, ...]) -> Operand:
    return x if graph.shape(x) == shape else graph.add(node, Expand, x=x, shape=shape)


def _cut(graph: Graph, node: Node, x: Operand, counts: tuple[int, ...]) -> Operand:
    """The first of each axis."""
    places = np.arange(prod(graph.shape(x))).reshape(graph.shape(x))
    return taken(graph, node, x, places[tuple(map(slice, counts))])
