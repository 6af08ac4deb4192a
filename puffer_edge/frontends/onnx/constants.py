# SPDX-License-Identifier: MIT
"""Ops that exist on the host only: they make constants, or reckon with constant integers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.comparison import nonzero
from puffer_edge.frontends.graph.functions import truncated
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.shape import broadcast_size
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.frontends.onnx.tensors import DTYPES
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Unary


@lowers("Constant")
def constant(graph: Graph, node: Node) -> Operand:
    """A tensor, a number or a list of numbers."""
    ((name, value),) = node.attributes.items()
    if name == "value":
        return np.asarray(value)
    if name in ("value_float", "value_floats"):
        return np.array(value, np.float32)
    if name in ("value_int", "value_ints"):
        return np.array(value, np.int64)
    raise node.refuse(f"constants given as {name}")


@lowers("ConstantOfShape")
def constant_of_shape(graph: Graph, node: Node, shape: Operand) -> Operand:
    """One number repeated."""
    sizes = graph.integers_of(shape, node, "the shape")
    if any(n < 0 for n in sizes):
        raise FileFormatError(f"shape {sizes} is negative", where=node.where)
    graph.spend(node, prod(sizes))
    fill = np.asarray(node.get("value", np.zeros(1, np.float32))).reshape(-1)
    if fill.size != 1:
        raise FileFormatError("the value is not one number", where=node.where)
    return np.full(sizes, fill[0])


@lowers("Shape")
def shape_of(graph: Graph, node: Node, x: Operand) -> Operand:
    """All shapes are static, so this is a constant."""
    sizes = graph.shape(x)
    return np.array(sizes[node.get("start", 0) : node.get("end", len(sizes))], np.int64)


@lowers("Size")
def size_of(graph: Graph, node: Node, x: Operand) -> Operand:
    """The number of elements."""
    return np.array(prod(graph.shape(x)), np.int64)


@lowers("Range")
def arange(graph: Graph, node: Node, start: Operand, limit: Operand, delta: Operand) -> Operand:
    """Equally spaced numbers."""
    first = graph.array(start, node, "the start")
    bounds = [graph.scalar(x, node, "a bound") for x in (start, limit, delta)]
    count = (bounds[1] - bounds[0]) / bounds[2] if bounds[2] else np.inf
    if not np.isfinite(count):
        raise FileFormatError("the range does not end", where=node.where)
    graph.spend(node, max(int(count), 0) + 1)
    return np.arange(*bounds).astype(first.dtype)


@lowers("Cast")
def cast(graph: Graph, node: Node, x: Operand) -> Operand:
    """Of constants to any dtype; of values to float32, a mask of 0 and 1, or whole numbers.

    What is boolean is 0 or 1, so no dtype changes it.
    """
    dtype = DTYPES.get(node.get("to"))
    if isinstance(x, str) and dtype is not None and not graph.masks.isdisjoint(node.inputs):
        graph.masks.update(node.outputs if dtype is np.bool_ else ())
        if np.dtype(dtype).kind in "iu":
            graph.integers.update(node.outputs)
            graph.counts.update(node.outputs)
        return x
    if dtype is None:
        raise node.refuse(f"to ONNX type {node.get('to')}", "export the policy in float32")
    if isinstance(x, str):
        return _cast_value(graph, node, x, np.dtype(dtype))
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def _cast_value(graph: Graph, node: Node, x: str, dtype: np.dtype[Any]) -> Operand:
    """What is a whole number already has the same digits in every dtype."""
    if dtype.kind == "b":
        return nonzero(graph, node, x)
    if dtype.kind in "iu":
        whole = not graph.integers.isdisjoint(node.inputs)
        graph.integers.update(node.outputs)
        return x if whole else truncated(graph, node, x)
    if dtype not in (np.float32, np.float64, np.float16):
        raise node.refuse(f"to {dtype}", "export the policy in float32")
    return x


@lowers("CastLike")
def cast_like(graph: Graph, node: Node, x: Operand, like: Operand) -> Operand:
    """Cast to the dtype of another operand."""
    if not isinstance(x, str):
        return x.astype(np.float32 if isinstance(like, str) else like.dtype)
    if isinstance(like, str) or like.dtype == np.float32:
        return x
    raise node.refuse(f"to {like.dtype}", "export the policy in float32")


_ROUND: dict[str, Callable[[Array], Array]] = {
    "Ceil": np.ceil, "Floor": np.floor, "Round": np.round,
}


@lowers(*_ROUND)
def rounding(graph: Graph, node: Node, x: Operand) -> Operand:
    """One to one; halves go to the even number."""
    if isinstance(x, str):
        return graph.add(node, Unary, x=x, function=Activation(node.op_type.lower()))
    return np.asarray(_ROUND[node.op_type](x))


@lowers("Mod")
def mod(graph: Graph, node: Node, a: Operand, b: Operand) -> Operand:
    """Of sizes."""
    left, right = graph.array(a, node, "the dividend"), graph.array(b, node, "the divisor")
    graph.spend(node, broadcast_size(node, [left, right]))
    with np.errstate(all="ignore"):
        return np.asarray((np.fmod if node.flag("fmod") else np.mod)(left, right))


@lowers("NonZero")
def non_zero(graph: Graph, node: Node, x: Operand) -> Operand:
    """Places of a constant, as of a mask that a policy indexes with."""
    array = graph.array(x, node, "what places are asked of")
    return np.asarray(np.stack(np.nonzero(np.atleast_1d(array))), np.int64)
