# SPDX-License-Identifier: MIT
"""Reductions over axes, and pools."""

from __future__ import annotations

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.graph import pooling
from puffer_edge.frontends.tflite.graph import HINT, Graph, integers, lowers
from puffer_edge.frontends.tflite.linear import same_padding
from puffer_edge.ir.ops import (
    Reduce,
    Reshape,
    Transpose,
)
from puffer_edge.readers.tflite_model import Operator

_FUNCTION = {"MEAN": "mean", "SUM": "sum", "REDUCE_MAX": "max", "REDUCE_MIN": "min"}


@lowers("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")
def mean(graph: Graph, op: Operator) -> str:
    """Over neighbouring axes."""
    x = graph.value(op.inputs[0])
    rank = len(graph.builder.shape(x))
    axes = tuple(sorted({axis % rank for axis in integers(graph, op, 1)}))
    if not axes or axes[-1] - axes[0] + 1 != len(axes):
        raise UnsupportedError("a mean over axes that are not beside each other",
                               where=graph.place(op.outputs[0]), hint=HINT)
    function = _FUNCTION[op.name]
    y = graph.builder.add(Reduce, x=x, function=function, axes=axes, keep=False)
    return graph.builder.add(Reshape, x=y, shape=graph.shape_of(op))


@lowers("AVERAGE_POOL_2D", "MAX_POOL_2D")
def pool(graph: Graph, op: Operator) -> str:
    """Windows of any stride; what SAME pads is neither a maximum nor counted in an average."""
    x, options = graph.value(op.inputs[0]), op.options
    shape = graph.builder.shape(x)
    if options is None or len(shape) != 4:
        raise FileFormatError("the pool does not fit", where=graph.place(op.outputs[0]))
    strides, kernel = ((options.number(down), options.number(right))
                       for down, right in ((2, 1), (4, 3)))
    pads = (0,) * 4 if options.number(0, "<b") else same_padding(shape[1:3], kernel, strides)
    window = pooling.Window(kernel, strides, (1, 1), pads)
    node = graph.node(op)
    pooling.check(node, window, 2)
    x = graph.builder.add(Transpose, x=x, permutation=(0, 3, 1, 2))
    y = pooling.pool(graph.shared, node, x, window, largest=op.name == "MAX_POOL_2D")
    y = graph.builder.add(Transpose, x=str(y), permutation=(0, 2, 3, 1))
    return graph.activated(y, op, 5)
