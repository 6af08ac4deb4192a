"""One emitter per op: the call that makes its function, and its constants in the order it reads.

Names in the calls are those of the runtime's functions, which are those of the ops.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.micropython.context import TYPECODES, Context, emits
from puffer_edge.ir.ops import GemmInteger, LSTMCellInteger, Rescale, Table


@emits(Rescale)
def rescale(op: Rescale, context: Context) -> str:
    """One row of factors where all features are alike."""
    factors = context.constant(op.factors)
    for typecode, column in zip("hiBhh", factors.T, strict=True):
        context.blob.add(typecode, column)
    alike = len(factors) == 1
    return f"rescale(blob, {context.ref(op.x)}, {context.ref(op.y)}, {alike})"


@emits(GemmInteger)
def gemm_integer(op: GemmInteger, context: Context) -> str:
    """Weights row by row."""
    weight = context.constant(op.weight)
    context.blob.add(TYPECODES[str(weight.dtype)], weight)
    context.blob.add("i", context.constant(op.bias))
    _requantization(op.requantization, context)
    rows, columns = weight.shape
    meaning = op.quantization
    return (f"gemm_integer(blob, {context.ref(op.x)}, {context.ref(op.y)}, "
            f"'{TYPECODES[str(weight.dtype)]}', {rows}, {columns}, {meaning.zero_point}, "
            f"{meaning.low}, {meaning.high})")


@emits(LSTMCellInteger)
def lstm_cell_integer(op: LSTMCellInteger, context: Context) -> str:
    """Both matrices, both biases, both requantisations, the table, the output's factor."""
    typecode = TYPECODES[str(context.constant(op.weight).dtype)]
    for name in (op.weight, op.recurrent):
        context.blob.add(typecode, context.constant(name))
    for name in (op.bias, op.recurrent_bias):
        context.blob.add("i", context.constant(name))
    for name in (op.requantization, op.recurrent_requantization):
        _requantization(name, context)
    context.blob.add("h", context.constant(op.table))
    context.blob.add("i", context.constant(op.output))
    arrays = ", ".join(context.ref(name) for name in (op.x, op.h, op.c, op.y_h, op.y_c))
    meaning = op.quantization
    return (f"lstm_cell_integer(blob, {arrays}, '{typecode}', {op.cell_bits}, "
            f"{meaning.zero_point}, {meaning.low}, {meaning.high})")


@emits(Table)
def table(op: Table, context: Context) -> str:
    """A copy of the table for every op that reads it."""
    entries = context.constant(op.table)
    context.blob.add("h", entries)
    return (f"table(blob, {context.ref(op.x)}, {context.ref(op.y)}, {entries.size}, "
            f"{op.low}, {op.bits})")


def _requantization(name: str, context: Context) -> None:
    """Multipliers, then the two shifts of every row."""
    factors = context.constant(name)
    context.blob.add("h", factors[:, 0])
    context.blob.add("B", np.ascontiguousarray(factors[:, 1:]))
