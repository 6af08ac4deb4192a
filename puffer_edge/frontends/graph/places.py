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
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.categories import one_hot
from puffer_edge.frontends.graph.comparison import LARGEST
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Concat, Gather, Reduce, Slice, Transpose

_REDUCTIONS: dict[str, tuple[Callable[[Array, Array, Array], None], float]] = {
    "add": (np.add.at, 0.0), "mul": (np.multiply.at, 1.0),
    "max": (np.maximum.at, -LARGEST), "min": (np.minimum.at, LARGEST)}
"""By ONNX's name: numpy's own form of it, and the number that changes nothing."""


def taken(graph: Graph, node: Node, x: Operand, places: Array) -> Operand:
    """Elements of the flat ``x`` at constant places, in the shape of these."""
    if not places.size:
        raise node.refuse("the result is empty")
    graph.spend(node, places.size)
    flat = reshaped(graph, node, x, (prod(graph.shape(x)),))
    y = graph.add(node, Gather, x=flat, indices=tuple(places.reshape(-1).tolist()), axis=0)
    return reshaped(graph, node, y, places.shape)


def scattered(graph: Graph, node: Node, x: Operand, places: Array, updates: Operand,
              reduction: str = "none") -> Operand:
    """``x`` with updates at constant places of its flat form; the last of several counts."""
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


def chosen(graph: Graph, node: Node, x: Operand, indices: str, axis: int) -> Operand:
    """Elements along an axis at computed indices, one per index."""
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


def put(graph: Graph, node: Node, x: Operand, indices: str, axis: int, updates: Operand,
        *, add: bool = False) -> Operand:
    """``x`` with updates along an axis at computed indices, one per index.

    An element is kept where no index points to it. Where several do, as only those of ``add`` may,
    all count.
    """
    shape, counts = graph.shape(x), graph.shape(indices)
    if not (add or counts[axis] == 1 or indices in graph.distinct):
        raise node.refuse("computed indices of which several may be equal")
    if any(n != m for a, (n, m) in enumerate(zip(counts, shape, strict=True)) if a != axis):
        raise node.refuse(f"computed indices {counts} in {shape}")
    order = (*(a for a in range(len(shape)) if a != axis), axis)
    back = tuple(order.index(a) for a in range(len(shape)))

    def turned(v: Operand, permutation: tuple[int, ...]) -> Operand:
        return graph.add(node, Transpose, x=v, permutation=permutation)

    hot = one_hot(graph, node, str(turned(indices, order)), shape[axis])  # [..., count, size]
    along = len(shape) - 1
    new = reshaped(graph, node, turned(updates, order), (*graph.shape(hot)[:-1], 1))
    products = combine(graph, node, "mul", hot, new)
    total = turned(graph.add(node, Reduce, x=products, function="sum", axes=(along,), keep=False),
                   back)
    if add:
        return combine(graph, node, "add", x, total)
    hit = turned(graph.add(node, Reduce, x=hot, function="max", axes=(along,), keep=False), back)
    kept = combine(graph, node, "mul", x, combine(
        graph, node, "sub", np.ones((), np.float32), hit))
    return combine(graph, node, "add", kept, total)
