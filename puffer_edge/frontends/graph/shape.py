# SPDX-License-Identifier: MIT
"""Axes and shapes; a change of shape works on constants of any dtype too."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.ir.ops import Reshape


def axis_of(node: Node, axis: int, rank: int) -> int:
    """A non-negative axis below ``rank``.

    Raises:
        FileFormatError: the axis is not one of the tensor's.
    """
    if not -rank <= axis < rank:
        raise FileFormatError(f"axis {axis} of a tensor of {rank} dimensions", where=node.where)
    return axis % rank


def reshaped(graph: Graph, node: Node, x: Operand, shape: tuple[int, ...]) -> Operand:
    """``x`` in another shape; nothing is added where it has it."""
    if prod(shape) != prod(graph.shape(x)):
        raise FileFormatError(f"{graph.shape(x)} cannot become {shape}", where=node.where)
    return x if graph.shape(x) == shape else graph.add(node, Reshape, x=x, shape=shape)


def broadcast_size(node: Node, arrays: list[Array]) -> int:
    """Elements of the broadcast of some arrays."""
    return prod(broadcast_shape(node, [x.shape for x in arrays]))


def broadcast_shape(node: Node, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that some shapes broadcast to."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise FileFormatError("the shapes of the inputs do not broadcast",
                              where=node.where) from None
