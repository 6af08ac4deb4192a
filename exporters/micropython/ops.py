"""One emitter per op: the call that makes its function, and its constants in the order it reads.

Names in the calls are those of the runtime's functions, which are those of the ops.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.micropython.context import TYPECODES, Context, emits
from puffer_edge.ir import Op
from puffer_edge.ir.ops import (
    BinaryInteger,
    Concat,
    ConvInteger,
    Expand,
    Gather,
    GemmInteger,
    GRUCellInteger,
    LSTMCellInteger,
    MinGRUCellInteger,
    Pad,
    Rescale,
    Slice,
    Split,
    Table,
    Transpose,
)

LARGEST_SIDE, LARGEST_IMAGE = 2**12, 2**28
"""What the ranges in the runtime's conv_integer allow."""

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


@emits(ConvInteger)
def conv_integer(op: ConvInteger, context: Context) -> str:
    """Group by group the weights and the biases, then the factors of all."""
    weight, bias = context.constant(op.weight), context.constant(op.bias)
    x, y, typecode = context.value(op.x), context.value(op.y), TYPECODES[str(weight.dtype)]
    rows, columns = len(weight) // op.group, weight[0].size
    for part, start in zip(np.split(weight, op.group), np.split(bias, op.group), strict=True):
        context.blob.add(typecode, part)
        context.blob.add("i", start)
    _requantization(op.requantization, context)

    def two(sizes: tuple[int, ...], missing: int) -> tuple[int, ...]:
        """Of both axes; a 1-D convolution is a 2-D one of height 1."""
        return (missing, *sizes) if len(sizes) == 1 else sizes

    sizes = (weight.shape[1], *two(x.shape[2:], 1), *two(weight.shape[2:], 1),
             *two(op.dilations, 1))
    pads = two(op.pads[: len(op.pads) // 2], 0)
    steps = (*two(y.shape[2:], 1), *two(op.strides, 1), *(-pad for pad in pads))
    if max(map(abs, (*sizes[1:], *steps))) > LARGEST_SIDE or max(x.size, y.size) > LARGEST_IMAGE:
        raise UnsupportedError(f"an image of {x.shape} is too large for MicroPython",
                               where=op.layer or op.y, hint="export it with --target cortex-m")
    meaning, kind = op.quantization, context.typecode(op.x)
    mac = context.kernels.mac(typecode, kind, rows, columns)
    return (f"conv_integer(blob, {context.ref(op.x)}, {context.ref(op.y)}, '{typecode}', "
            f"{op.group}, {rows}, {columns}, '{kind}', {sizes}, {steps}, {op.padding}, "
            f"{meaning.zero_point}, {meaning.low}, {meaning.high}, {mac})")


@emits(Expand)
@emits(Gather)
@emits(Pad)
@emits(Slice)
@emits(Split)
@emits(Transpose)
def move(op: Op, context: Context) -> str:
    """Where each element of an output comes from: what the op makes of the input's indices."""
    filler = int(getattr(op, "value", 0))
    name, *others = op.operands
    x = context.value(name)
    indices = np.arange(x.size, dtype=np.float64).reshape(x.shape)
    if isinstance(op, Pad):
        op = replace(op, value=-1.0)
    moved = op.evaluate([indices, *(context.constant(other) for other in others)])
    calls = []
    for y, found in zip(op.outputs, moved, strict=True):
        typecode = _add_indices(found, context)
        calls.append(f"move(blob, {context.ref(name)}, {context.ref(y)}, '{typecode}', {filler})")
    context.calls += calls[:-1]
    return calls[-1]


@emits(Concat)
def concat(op: Concat, context: Context) -> str:
    """Where each element of a part goes."""
    whole = context.value(op.y)
    places = np.arange(whole.size).reshape(whole.shape)
    ends = np.cumsum([context.value(x).shape[op.axis] for x in op.xs])
    calls = []
    for x, part in zip(op.xs, np.split(places, ends[:-1], op.axis), strict=True):
        typecode = _add_indices(part, context)
        calls.append(f"concat(blob, {context.ref(x)}, {context.ref(op.y)}, '{typecode}')")
    context.calls += calls[:-1]
    return calls[-1]


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
            typecode = _add_indices(indices, context)
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


def _add_indices(indices: np.ndarray[Any, Any], context: Context) -> str:
    """Adds a table of indices; the typecode of its elements."""
    typecode = "h" if indices.max() < 2**15 else "i"
    context.blob.add(typecode, indices.astype(np.int32))
    return typecode


def _requantization(name: str, context: Context) -> None:
    """Multipliers, then the two shifts of every row."""
    factors = context.constant(name)
    context.blob.add("h", factors[:, 0])
    context.blob.add("B", np.ascontiguousarray(factors[:, 1:]))
