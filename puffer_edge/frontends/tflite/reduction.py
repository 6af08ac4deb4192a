"""Reductions over axes, and pools."""

from __future__ import annotations

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.tflite.graph import HINT, Graph, integers, lowers
from puffer_edge.ir.ops import (
    Reduce,
    Reshape,
    Slice,
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
    """Of blocks that do not overlap; what a block does not fill is left out, as VALID says."""
    x, options = graph.value(op.inputs[0]), op.options
    shape = graph.builder.shape(x)
    if options is None or len(shape) != 4:
        raise FileFormatError("the pool does not fit", where=graph.place(op.outputs[0]))
    down, right, high, wide = (options.number(field) for field in (2, 1, 4, 3))
    if (down, right) != (high, wide) or min(high, wide) < 1 or high > shape[1] or (
            wide > shape[2]) or (options.number(0, "<b") == 0
                                 and (shape[1] % high or shape[2] % wide)):
        raise UnsupportedError("a pool whose blocks overlap, or leave the image",
                               where=graph.place(op.outputs[0]), hint=HINT)
    rows, columns = shape[1] // high, shape[2] // wide
    x = graph.builder.add(Slice, x=x, starts=(0,) * 4, steps=(1,) * 4,
                          counts=(shape[0], rows * high, columns * wide, shape[3]))
    x = graph.builder.add(Reshape, x=x, shape=(rows, high, columns, wide, shape[3]))
    x = graph.builder.add(Transpose, x=x, permutation=(0, 2, 1, 3, 4))
    y = graph.builder.add(Reduce, x=x, axes=(2, 3), keep=False,
                          function="mean" if op.name == "AVERAGE_POOL_2D" else "max")
    y = graph.builder.add(Reshape, x=y, shape=(1, rows, columns, shape[3]))
    return graph.activated(y, op, 5)


