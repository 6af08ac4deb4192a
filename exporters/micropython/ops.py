"""One emitter per op: the call that makes its function, and its constants in the order it reads.

Names in the calls are those of the runtime's functions, which are those of the ops.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.micropython.context import TYPECODES, Context, emits
from puffer_edge.ir.ops import (
    BinaryInteger,
    GemmInteger,
    GRUCellInteger,
    LSTMCellInteger,
    MinGRUCellInteger,
    Rescale,
    Table,
)

FUNCTIONS = ("add", "mul", "min", "max")
"""Of BinaryInteger, in the order of the runtime's numbers."""


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
    """Weights row by row, biases and factors; for kernels in the form that these take."""
    weight, bias = context.constant(op.weight), context.constant(op.bias)
    (rows, columns), typecode = weight.shape, TYPECODES[str(weight.dtype)]
    meaning, operands = op.quantization, f"blob, {context.ref(op.x)}, {context.ref(op.y)}"
    mac = context.kernels.mac(typecode, context.typecode(op.x), rows, columns)
    context.blob.add(typecode, weight)
    if mac == "None":
        context.blob.add("i", bias)
        _requantization(op.requantization, context)
        return (f"gemm_integer({operands}, '{typecode}', {rows}, {columns}, "
                f"{meaning.zero_point}, {meaning.low}, {meaning.high})")
    factors = context.constant(op.requantization).astype(np.int64)
    packed = factors[:, 0] | factors[:, 1] << 16 | factors[:, 2] << 21
    context.blob.add("i", np.concatenate([np.zeros_like(bias), bias]))
    context.blob.add("i", np.append(packed, [meaning.zero_point, meaning.low, meaning.high]))
    count = rows * columns
    if context.kernels.raw:
        typecode, count = "B", weight.nbytes
    return (f"gemm_kernel({operands}, '{typecode}', {count}, {rows}, {columns}, {mac}, "
            f"{context.kernels.requantize(context.typecode(op.y))})")


@emits(GRUCellInteger)
def gru_cell_integer(op: GRUCellInteger, context: Context) -> str:
    """As of the LSTM."""
    typecode, macs = _cell(op, context)
    arrays = ", ".join(context.ref(name) for name in (op.x, op.h, op.memory, op.y, op.y_memory))
    meaning = op.quantization
    return (f"gru_cell_integer(blob, {arrays}, '{typecode}', {op.reset_bits}, "
            f"{meaning.zero_point}, {meaning.low}, {meaning.high}, {macs})")


@emits(LSTMCellInteger)
def lstm_cell_integer(op: LSTMCellInteger, context: Context) -> str:
    """Both matrices, both biases, both requantisations, the table, the output's factor."""
    typecode, macs = _cell(op, context)
    arrays = ", ".join(context.ref(name) for name in (op.x, op.h, op.c, op.y_h, op.y_c))
    meaning = op.quantization
    return (f"lstm_cell_integer(blob, {arrays}, '{typecode}', {op.cell_bits}, "
            f"{meaning.zero_point}, {meaning.low}, {meaning.high}, {macs})")


@emits(MinGRUCellInteger)
def min_gru_cell_integer(op: MinGRUCellInteger, context: Context) -> str:
    """The matrix, its biases and factors, the table, the factors of x and y."""
    weight = context.constant(op.weight)
    typecode = TYPECODES[str(weight.dtype)]
    mac = context.kernels.mac(typecode, context.typecode(op.x), *weight.shape)
    context.blob.add(typecode, weight)
    context.blob.add("i", context.constant(op.bias))
    _requantization(op.requantization, context)
    context.blob.add("h", context.constant(op.table))
    for name in (op.factor, op.output):
        context.blob.add("i", context.constant(name))
    arrays = ", ".join(context.ref(name) for name in (op.x, op.h, op.y, op.y_h))
    meaning = op.quantization
    return (f"min_gru_cell_integer(blob, {arrays}, '{typecode}', {op.bits}, "
            f"{meaning.zero_point}, {meaning.low}, {meaning.high}, {mac})")


@emits(Table)
def table(op: Table, context: Context) -> str:
    """A copy of the table for every op that reads it."""
    entries = context.constant(op.table)
    context.blob.add("h", entries)
    return (f"table(blob, {context.ref(op.x)}, {context.ref(op.y)}, {entries.size}, "
            f"{op.low}, {op.bits})")


@emits(BinaryInteger)
def binary_integer(op: BinaryInteger, context: Context) -> str:
    """Constant operands, then which elements meet where not all do in their order, then factors."""
    shape = context.value(op.y).shape
    operands, maps = [], []
    for name in (op.a, op.b):
        if name in context.program.constants:
            values = context.constant(name)
            context.blob.add("h", values)
            operands.append(f'blob.read("h", {values.size})')
        else:
            operands.append(context.ref(name))
    for name in (op.a, op.b):
        indices = np.broadcast_to(
            np.arange(context.value(name).size).reshape(context.value(name).shape), shape)
        if indices.size == context.value(name).size:
            maps.append("None")
        else:
            typecode = "h" if indices.max() < 2**15 else "i"
            context.blob.add(typecode, indices)
            maps.append(f'blob.read("{typecode}", {indices.size})')
    context.blob.add("i", context.constant(op.factors))
    context.blob.add("i", context.constant(op.output))
    meaning = op.quantization
    return (f"binary_integer(blob, {operands[0]}, {operands[1]}, {context.ref(op.y)}, "
            f"{FUNCTIONS.index(op.function)}, {maps[0]}, {maps[1]}, {meaning.zero_point}, "
            f"{meaning.low}, {meaning.high})")


def _cell(op: GRUCellInteger | LSTMCellInteger, context: Context) -> tuple[str, str]:
    """Adds the constants that cells have in common; typecode of the weights, both kernels."""
    weight, recurrent = context.constant(op.weight), context.constant(op.recurrent)
    typecode = TYPECODES[str(weight.dtype)]
    macs = ", ".join(context.kernels.mac(typecode, context.typecode(name), *matrix.shape)
                     for name, matrix in ((op.x, weight), (op.h, recurrent)))
    for matrix in (weight, recurrent):
        context.blob.add(typecode, matrix)
    for name in (op.bias, op.recurrent_bias):
        context.blob.add("i", context.constant(name))
    for name in (op.requantization, op.recurrent_requantization):
        _requantization(name, context)
    context.blob.add("h", context.constant(op.table))
    context.blob.add("i", context.constant(op.output))
    return typecode, macs


def _requantization(name: str, context: Context) -> None:
    """Multipliers, then the two shifts of every row."""
    factors = context.constant(name)
    context.blob.add("h", factors[:, 0])
    context.blob.add("B", np.ascontiguousarray(factors[:, 1:]))
