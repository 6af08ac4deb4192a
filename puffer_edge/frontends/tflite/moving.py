"""Operators that move elements."""

from __future__ import annotations

from math import prod

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.tflite.graph import Graph, integers, lowers
from puffer_edge.ir.ops import (
    Concat,
    Reshape,
    Transpose,
)
from puffer_edge.readers.tflite_model import Operator


@lowers("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def reshape(graph: Graph, op: Operator) -> str:
    """To the shape that the file declares of the result."""
    x, shape = graph.value(op.inputs[0]), graph.shape_of(op)
    if prod(shape) != prod(graph.builder.shape(x)):
        raise FileFormatError("the reshape does not keep the elements",
                              where=graph.place(op.outputs[0]))
    return graph.builder.add(Reshape, x=x, shape=shape)


@lowers("TRANSPOSE")
def transpose(graph: Graph, op: Operator) -> str:
    """Axes in another order."""
    order = integers(graph, op, 1)
    x = graph.value(op.inputs[0])
    if sorted(order) != list(range(len(graph.builder.shape(x)))):
        raise FileFormatError("the axes are malformed", where=graph.place(op.outputs[0]))
    return graph.builder.add(Transpose, x=x, permutation=order)


@lowers("CONCATENATION")
def concatenation(graph: Graph, op: Operator) -> str:
    """Along an axis."""
    xs = tuple(graph.value(number) for number in op.inputs)
    rank = len(graph.builder.shape(xs[0]))
    axis = op.options.number(0) if op.options else 0
    if not -rank <= axis < rank:
        raise FileFormatError("the axis is malformed", where=graph.place(op.outputs[0]))
    return graph.activated(graph.builder.add(Concat, xs=xs, axis=axis % rank), op, 1)


