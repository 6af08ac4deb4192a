# SPDX-License-Identifier: MIT
"""Ops that change the shape only, and ops that do nothing on the device."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph.comparison import nonzero
from puffer_edge.frontends.graph.functions import truncated
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import axis_of, reshaped
from puffer_edge.ir.ops import Expand, Transpose


@lowers("alias", "clone", "contiguous", "detach", "dropout", "feature_dropout", "lift",
        "lift_fresh_copy", moving=True, after_choice=True)
def identity(graph: Graph, node: Node, x: Operand, p: float | None = None,
             train: bool | None = None) -> Operand:
    """Nothing; dropout does nothing after training."""
    if train and p:
        raise node.refuse("it is in training mode", "export with policy.eval()")
    return x


@lowers("to", "_to_copy", "type_as", moving=True, after_choice=True)
def convert(graph: Graph, node: Node, x: Operand, dtype: str | None = None,
            other: Operand | None = None) -> Operand:
    """Between floats and integers: the Program has float32 only, and whole numbers in it."""
    if dtype == "float64" and isinstance(x, str):
        graph.builder.note("stated", "what the policy computes in float64 is in float32 here")
    if dtype == "bool" and isinstance(x, str):
        return nonzero(graph, node, x)
    if dtype == "bfloat16" or dtype == "float16":
        raise node.refuse(f"a conversion to {dtype}", "convert the policy: policy.float()")
    if not isinstance(x, str) and dtype:
        return x.astype("float32" if dtype == "float64" else dtype)
    if dtype in ("int32", "int64") and node.outputs[0] not in graph.choices:
        return truncated(graph, node, x)
    return x


@lowers("copy")
def copy(graph: Graph, node: Node, x: Operand, src: Operand) -> Operand:
    """``src`` in the shape of ``x``, as ``x.copy_(src)`` leaves it."""
    shape = graph.shape(x)
    return src if graph.shape(src) == shape else graph.add(node, Expand, x=src, shape=shape)


@lowers("view", "reshape", "_unsafe_view", "_reshape_alias", moving=True, after_choice=True)
def reshape(graph: Graph, node: Node, x: Operand, size: Sequence[int] = (),
            shape: Sequence[int] | None = None) -> Operand:
    """A -1 takes the rest."""
    sizes, old = list(size if shape is None else shape), graph.shape(x)
    if node.outputs[0] in graph.choices:
        return x
    known = prod(n for n in sizes if n != -1)
    if -1 in sizes and known > 0:
        sizes[sizes.index(-1)] = prod(old) // known
    return reshaped(graph, node, x, tuple(int(n) for n in sizes))


@lowers("view_as", "reshape_as", moving=True)
def reshape_as(graph: Graph, node: Node, x: Operand, other: Operand) -> Operand:
    """The other's shape."""
    return reshaped(graph, node, x, graph.shape(other))


@lowers("flatten", moving=True, after_choice=True)
def flatten(graph: Graph, node: Node, x: Operand, start_dim: int = 0, end_dim: int = -1
            ) -> Operand:
    """The axes from start to end become one."""
    shape = graph.shape(x) or (1,)
    if node.outputs[0] in graph.choices:
        return x
    first, last = (axis_of(node, d, len(shape)) for d in (start_dim, end_dim))
    return reshaped(graph, node, x,
                    (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))


@lowers("unflatten", moving=True)
def unflatten(graph: Graph, node: Node, x: Operand, dim: int, sizes: Sequence[int]) -> Operand:
    """One axis becomes several."""
    shape = graph.shape(x)
    axis, parts = axis_of(node, dim, len(shape)), list(sizes)
    if -1 in parts:
        parts[parts.index(-1)] = shape[axis] // -prod(parts)
    return reshaped(graph, node, x, (*shape[:axis], *parts, *shape[axis + 1 :]))


@lowers("squeeze", moving=True, after_choice=True)
def squeeze(graph: Graph, node: Node, x: Operand, dim: Any = None) -> Operand:
    """Axes of size 1 vanish; others stay."""
    shape = graph.shape(x)
    if node.outputs[0] in graph.choices:
        return x
    dims = range(len(shape)) if dim is None else [dim] if isinstance(dim, int) else dim
    gone = {axis_of(node, d, len(shape)) for d in dims}
    return reshaped(graph, node, x, tuple(n for a, n in enumerate(shape)
                                          if not (a in gone and n == 1)))


@lowers("unsqueeze", moving=True, after_choice=True)
def unsqueeze(graph: Graph, node: Node, x: Operand, dim: int) -> Operand:
    """An axis of size 1 appears."""
    shape = graph.shape(x)
    if node.outputs[0] in graph.choices:
        return x
    axis = axis_of(node, dim, len(shape) + 1)
    return reshaped(graph, node, x, (*shape[:axis], 1, *shape[axis:]))


@lowers("permute", moving=True)
def permute(graph: Graph, node: Node, x: Operand, dims: Sequence[int]) -> Operand:
    """Axes in another order; nothing is added where only axes of size 1 move."""
    shape = graph.shape(x)
    order = tuple(axis_of(node, d, len(shape)) for d in dims)
    long = [a for a in order if shape[a] > 1]
    if long == sorted(long):
        return reshaped(graph, node, x, tuple(shape[a] for a in order))
    return graph.add(node, Transpose, x=x, permutation=order)


@lowers("transpose", "swapaxes", "swapdims", "t", "numpy_T", "mT", "matrix_H", moving=True)
def transpose(graph: Graph, node: Node, x: Operand, dim0: int | None = None,
              dim1: int | None = None, axis0: int | None = None, axis1: int | None = None
              ) -> Operand:
    """Two axes change places; the last two, or all of them, by default."""
    rank = len(graph.shape(x))
    a, b = (dim0 if axis0 is None else axis0), (dim1 if axis1 is None else axis1)
    if node.op_type.startswith("aten.numpy_T"):
        return permute(graph, node, x, list(reversed(range(rank))))
    order = list(range(rank))
    if rank < 2:
        return x
    first, second = (axis_of(node, -2 if a is None else a, rank),
                     axis_of(node, -1 if b is None else b, rank))
    order[first], order[second] = order[second], order[first]
    return permute(graph, node, x, order)


@lowers("movedim", moving=True)
def movedim(graph: Graph, node: Node, x: Operand, source: Any, destination: Any) -> Operand:
    """Axes to other places, the rest in order."""
    rank = len(graph.shape(x))
    moved = [axis_of(node, d, rank) for d in ([source] if isinstance(source, int) else source)]
    places = [axis_of(node, d, rank)
              for d in ([destination] if isinstance(destination, int) else destination)]
    order = [a for a in range(rank) if a not in moved]
    for place, axis in sorted(zip(places, moved, strict=True)):
        order.insert(place, axis)
    return permute(graph, node, x, order)
