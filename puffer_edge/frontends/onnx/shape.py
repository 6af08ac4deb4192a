# SPDX-License-Identifier: MIT
"""Ops that only change a shape; they work on constants of any dtype too."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Transpose


def axes_of(graph: Graph, node: Node, operand: Operand | None, rank: int
            ) -> tuple[int, ...] | None:
    """Ascending axes from an input or, in older opsets, the attribute; None where neither is."""
    axes = node.get("axes")
    if operand is not None:
        axes = graph.integers_of(operand, node, "the axes")
    if axes is None:
        return None
    return tuple(sorted({axis_of(node, axis, rank) for axis in axes}))


@lowers("Identity", "Dropout")
def identity(graph: Graph, node: Node, x: Operand, ratio: Operand | None = None,
             training: Operand | None = None) -> Operand:
    """Nothing; dropout does nothing after training."""
    if training is not None and np.any(graph.array(training, node, "training_mode")):
        raise node.refuse("training_mode is on", "export with model.eval()")
    return x


@lowers("Reshape")
def reshape(graph: Graph, node: Node, x: Operand, target: Operand) -> Operand:
    """A 0 keeps the size, a -1 takes the rest."""
    sizes, old = list(graph.integers_of(target, node, "the shape")), graph.shape(x)
    for axis, size in enumerate(sizes):
        if size == 0 and not node.flag("allowzero"):
            sizes[axis] = old[axis] if axis < len(old) else -2
    known = prod(n for n in sizes if n != -1)
    if sizes.count(-1) == 1 and known > 0 and prod(old) % known == 0:
        sizes[sizes.index(-1)] = prod(old) // known
    if any(n < 0 for n in sizes):
        raise FileFormatError(f"{old} cannot become {sizes}", where=node.where)
    return reshaped(graph, node, x, tuple(sizes))


@lowers("Flatten")
def flatten(graph: Graph, node: Node, x: Operand) -> Operand:
    """Two dimensions, split at ``axis``, which may be the rank."""
    shape, axis = graph.shape(x), node.get("axis", 1)
    axis = len(shape) if axis == len(shape) else axis_of(node, axis, len(shape))
    return reshaped(graph, node, x, (prod(shape[:axis]), prod(shape[axis:])))


@lowers("Squeeze")
def squeeze(graph: Graph, node: Node, x: Operand, axes: Operand | None = None) -> Operand:
    """Axes of size 1 vanish; all of them by default."""
    shape = graph.shape(x)
    gone = axes_of(graph, node, axes, len(shape))
    if gone is None:
        gone = tuple(a for a, n in enumerate(shape) if n == 1)
    if any(shape[a] != 1 for a in gone):
        raise FileFormatError(f"axes {gone} of {shape} are not 1", where=node.where)
    return reshaped(graph, node, x, tuple(n for a, n in enumerate(shape) if a not in gone))


@lowers("Unsqueeze")
def unsqueeze(graph: Graph, node: Node, x: Operand, axes: Operand | None = None) -> Operand:
    """Axes of size 1 appear, counted in the result."""
    shape = list(graph.shape(x))
    wished = node.get("axes", ()) if axes is None else graph.integers_of(axes, node, "the axes")
    for axis in sorted(axis_of(node, a, len(shape) + len(wished)) for a in wished):
        shape.insert(axis, 1)
    return reshaped(graph, node, x, tuple(shape))


@lowers("Transpose")
def transpose(graph: Graph, node: Node, x: Operand) -> Operand:
    """Axes reversed by default."""
    rank = len(graph.shape(x))
    permutation = node.get("perm", tuple(reversed(range(rank))))
    if sorted(permutation) != list(range(rank)):
        raise FileFormatError(f"perm {permutation} of {rank} dimensions", where=node.where)
    return graph.add(node, Transpose, x=x, permutation=permutation)
