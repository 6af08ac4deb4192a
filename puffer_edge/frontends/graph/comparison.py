# SPDX-License-Identifier: MIT
"""Comparisons, logic and choices, in the arithmetic that every runtime has.

On constants they are run at once. A comparison of computed values becomes a mask of the numbers 0
and 1: ``a > b`` is ``clip(clip((a - b) * 2^100, 0, 1) * 2^100, 0, 1)``, exact for all finite floats
because the smallest difference is 2^-149. A choice is ``mask * x + (1 - mask) * y``. There is no
branch, so the time of a step stays the same for every observation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.graph.arithmetic import FORBIDDEN, combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import broadcast_shape, broadcast_size
from puffer_edge.ir.ops import Expand, Reduce, Reshape, Slice, Softmax, Split, Transpose

_MOVING = (Reshape, Slice, Split, Transpose)

LARGEST = float(np.finfo(np.float32).max)

_COMPARE: dict[str, Callable[[Array, Array], Array]] = {
    "equal": np.equal, "greater": np.greater, "greater_equal": np.greater_equal,
    "less": np.less, "less_equal": np.less_equal,
}
_LOGIC: dict[str, Callable[..., Array]] = {
    "and": np.logical_and, "not": np.logical_not, "or": np.logical_or, "xor": np.logical_xor,
}


def compare(graph: Graph, node: Node, relation: str, a: Operand, b: Operand) -> Operand:
    """A mask; NaN compares as false, but for the ``or equal`` ones.

    Args:
        graph: takes the ops.
        node: the source.
        relation: equal, greater, greater_equal, less, less_equal.
        a: the left side.
        b: the right side.
    """
    if not isinstance(a, str) and not isinstance(b, str):
        graph.spend(node, broadcast_size(node, [a, b]))
        return np.asarray(_COMPARE[relation](a, b))
    graph.masks.update(node.outputs)
    if relation in ("greater", "less_equal"):
        mask = positive(graph, node, combine(graph, node, "sub", a, b))
    else:
        mask = positive(graph, node, combine(graph, node, "sub", b, a))
    if relation == "equal":
        above = positive(graph, node, combine(graph, node, "sub", a, b))
        mask = combine(graph, node, "max", mask, above)
    return mask if relation in ("greater", "less") else _inverse(graph, node, mask)


def logic(graph: Graph, node: Node, function: str, *masks: Operand) -> Operand:
    """The product, the maximum, the difference of masks: and, not, or, xor."""
    if all(not isinstance(m, str) for m in masks):
        arrays = [graph.array(m, node, "a mask") for m in masks]
        graph.spend(node, broadcast_size(node, arrays))
        return np.asarray(_LOGIC[function](*arrays))
    graph.masks.update(node.outputs)
    numbers = [m if isinstance(m, str) else m.astype(np.float32) for m in masks]
    if function == "not":
        return _inverse(graph, node, numbers[0])
    if function == "xor":
        return apply(graph, node, combine(graph, node, "sub", *numbers), "abs")
    return combine(graph, node, "mul" if function == "and" else "max", *numbers)


def where(graph: Graph, node: Node, condition: Operand, x: Operand, y: Operand) -> Operand:
    """The side that is not chosen may be infinite: it is brought into range before the product."""
    arrays = [v for v in (condition, x, y) if not isinstance(v, str)]
    if len(arrays) == 3:
        graph.spend(node, broadcast_size(node, arrays))
        return np.asarray(np.where(*arrays))
    if not isinstance(condition, str) and (condition.all() or not condition.any()):
        kept = x if condition.all() else y
        shape = broadcast_shape(node, [graph.shape(v) for v in (condition, x, y)])
        if graph.shape(kept) == shape and (isinstance(kept, str) or kept.dtype.kind == "f"):
            return kept
    mask = condition if isinstance(condition, str) else condition.astype(np.float32)
    chosen = combine(graph, node, "mul", mask, _finite(graph, node, x))
    other = combine(graph, node, "mul", _inverse(graph, node, mask), _finite(graph, node, y))
    return combine(graph, node, "add", chosen, other)


def sign(graph: Graph, node: Node, x: Operand) -> Operand:
    """-1, 0 or 1."""
    if not isinstance(x, str):
        return np.asarray(np.sign(x))
    below = positive(graph, node, apply(graph, node, x, "neg"))
    return combine(graph, node, "sub", positive(graph, node, x), below)


def has_numbers(graph: Graph, x: str) -> bool:
    """Whether a value can never be NaN or infinite.

    That is an input, what only moves it, and a softmax with a constant mask or none.
    """
    makers = {name: op for op in graph.builder.ops for name in op.outputs}
    while x in makers and isinstance(makers[x], _MOVING):
        x = next(name for name in makers[x].operands)
    if x not in makers:
        return True
    softmax = makers[x]
    if not isinstance(softmax, Softmax):
        return False
    seen, left, masks = set[str](), [softmax.x], list[Array]()
    while left:
        name = left.pop()
        array = graph.builder.constants.get(name)
        if array is not None and array.dtype.kind == "f" and (array <= FORBIDDEN).any():
            masks.append(array)
        elif name not in seen and name in makers:
            left.extend(makers[name].operands)
        seen.add(name)
    return len(masks) <= 1 and not any((np.atleast_1d(mask) <= FORBIDDEN).all(axis=-1).any()
                                       for mask in masks)


def no_number(graph: Graph, node: Node, x: Operand) -> Operand:
    """Where a value is NaN: nowhere in an observation, and where a softmax has nothing left.

    torch asks that behind attention, where a mask may leave a row nothing.
    """
    if not isinstance(x, str):
        return np.isnan(x)
    if has_numbers(graph, x):
        return np.zeros(graph.shape(x), np.bool_)
    softmax = next((op for op in graph.builder.ops if x in op.outputs), None)
    if not isinstance(softmax, Softmax):
        raise node.refuse("of what may be no number")
    graph.masks.update(node.outputs)
    shape = graph.shape(x)
    largest = graph.add(node, Reduce, x=softmax.x, function="max", axes=(softmax.axis,), keep=True)
    nothing = positive(graph, node, combine(graph, node, "sub", number(FORBIDDEN / 2), largest))
    return graph.add(node, Expand, x=nothing, shape=shape)


def nonzero(graph: Graph, node: Node, x: Operand) -> Operand:
    """A mask of what is not 0, as a conversion to booleans makes it."""
    if not isinstance(x, str):
        return np.asarray(x != 0)
    graph.masks.update(node.outputs)
    return positive(graph, node, apply(graph, node, x, "abs"))


def positive(graph: Graph, node: Node, x: Operand) -> Operand:
    """1 where x is above 0, else 0."""
    for _ in range(2):
        x = apply(graph, node, combine(graph, node, "mul", x, number(2.0**100)), "clip", 0.0, 1.0)
    return x


def _inverse(graph: Graph, node: Node, mask: Operand) -> Operand:
    return combine(graph, node, "sub", number(1), mask)


def _finite(graph: Graph, node: Node, x: Operand) -> Operand:
    """The operand between the largest floats; 0 times infinity would be NaN."""
    if not isinstance(x, str):
        return np.clip(x, -LARGEST, LARGEST) if x.dtype.kind == "f" else x
    return apply(graph, node, x, "clip", -LARGEST, LARGEST)
