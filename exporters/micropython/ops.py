# SPDX-License-Identifier: MIT
"""One emitter per op: the call that makes its function, and its constants in the order it reads.

Names in the calls are those of the runtime's functions, which are those of the ops.
"""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.micropython import unrolled
from puffer_edge.exporters.micropython.context import TYPECODES, Context, emits
from puffer_edge.exporters.micropython.movement import padded
from puffer_edge.ir.ops import (
    BinaryInteger,
    ConvInteger,
    Flags,
    GemmInteger,
    GRUCellInteger,
    L2NormalizationInteger,
    LayerNormalizationInteger,
    LSTMCellInteger,
    Mask,
    MatMulInteger,
    MinGRUCellInteger,
    OneHotInteger,
    Pad,
    Rescale,
    SoftmaxInteger,
    Table,
)
from puffer_edge.ir.ops.mask import lowest
from puffer_edge.ir.reciprocal_root import square_bits

LARGEST_IMAGE = 2**28
"""Elements, as the ranges in the runtime's conv_integer and move say."""

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


@emits(Flags)
def flags(op: Flags, context: Context) -> str:
    """Limits are integers, as the observation is."""
    limits = tuple(int(np.ceil(limit)) for limit in op.limits)
    alike = limits[:1] if len(set(limits)) == 1 else limits
    return f"flags({context.ref(op.x)}, {context.ref(op.y)}, {alike})"


@emits(Mask)
def mask(op: Mask, context: Context) -> str:
    """The lowest integer is that of the logits' dtype."""
    bottom, _ = lowest(context.value(op.x).dtype)
    return (f"mask({context.ref(op.x)}, {context.ref(op.mask)}, {context.ref(op.y)}, "
            f"{op.forbids}, {int(bottom)})")


@emits(GemmInteger)
def gemm_integer(op: GemmInteger, context: Context) -> str:
    """Weights row by row, biases and factors; for kernels in the form that these take.

    A tiny layer that is written out has all of them in policy.py, and none in the blob.
    """
    if unrolled.fits(op, context):
        name = f"gemm_{len(context.functions)}"
        context.functions[name] = unrolled.function(name, op, context)
        return f"{name}({context.ref(op.x)}, {context.ref(op.y)})"
    weight, bias = context.constant(op.weight), context.constant(op.bias)
    (rows, columns), typecode = weight.shape, TYPECODES[str(weight.dtype)]
    qparams, operands = op.quantization, f"blob, {context.ref(op.x)}, {context.ref(op.y)}"
    mac = context.kernels.mac(typecode, context.typecode(op.x), rows, columns)
    context.blob.add(typecode, weight, mac != "None" and not context.kernels.raw)
    if mac == "None":
        context.blob.add("i", bias)
        _requantization(op.requantization, context)
        return (f"gemm_integer({operands}, '{typecode}', {rows}, {columns}, "
                f"{qparams.zero_point}, {qparams.low}, {qparams.high})")
    factors = context.constant(op.requantization).astype(np.int64)
    packed = factors[:, 0] | factors[:, 1] << 16 | factors[:, 2] << 21
    context.blob.add("i", np.concatenate([np.zeros_like(bias), bias]))
    context.blob.add("i", np.append(packed, [qparams.zero_point, qparams.low, qparams.high]))
    count = rows * columns
    if context.kernels.raw:
        typecode, count = "B", weight.nbytes
    return (f"gemm_kernel({operands}, '{typecode}', {count}, {rows}, {columns}, {mac}, "
            f"{context.kernels.requantize(context.typecode(op.y))})")


@emits(ConvInteger)
def conv_integer(op: ConvInteger, context: Context) -> str:
    """Distances of the taps, group by group weights and biases, then the factors of all."""
    weight, bias = context.constant(op.weight), context.constant(op.bias)
    x, y, typecode = context.value(op.x), context.value(op.y), TYPECODES[str(weight.dtype)]
    rank, name, shape = len(op.strides), context.ref(op.x), x.shape
    # Kernels take 8 bits times 16, but not the other way around.
    kind = "h" if typecode == "h" else context.typecode(op.x)
    if any(op.pads):
        pad = Pad(x=op.x, y=op.y, begins=(0, 0, *op.pads[:rank]), ends=(0, 0, *op.pads[rank:]))
        (shape,) = pad.infer([x])
        name = context.borrow(context.typecode(op.x), prod(shape))
        context.calls.append(padded(pad, name, op.padding, context))
    if max(prod(shape), y.size) > LARGEST_IMAGE:
        raise UnsupportedError(f"an image of {x.shape} is too large for MicroPython",
                               where=op.layer or op.y, hint="export it with --target cortex-m")
    image = np.arange(prod(shape)).reshape(shape[1:])
    window = (slice(0, (k - 1) * d + 1, d)
              for k, d in zip(weight.shape[2:], op.dilations, strict=True))
    taps = context.indices(image[(slice(weight.shape[1]), *window)])
    rows, columns = len(weight) // op.group, weight[0].size
    mac = context.kernels.mac(typecode, kind, rows, columns)
    for part, start in zip(np.split(weight, op.group), np.split(bias, op.group), strict=True):
        context.blob.add(typecode, part, mac != "None")
        context.blob.add("i", start)
    _requantization(op.requantization, context)
    # A 1-D convolution is a 2-D one of height 1.
    steps = (prod(y.shape[2:-1]), y.shape[-1], op.strides[0] * shape[-1], op.strides[-1],
             image[:weight.shape[1]].size)
    qparams = op.quantization
    return (f"conv_integer(blob, {name}, {context.ref(op.y)}, {context.borrow(kind, columns)}, "
            f"'{typecode}', {op.group}, {rows}, {taps}, {steps}, {qparams.zero_point}, "
            f"{qparams.low}, {qparams.high}, {mac})")


@emits(GRUCellInteger)
def gru_cell_integer(op: GRUCellInteger, context: Context) -> str:
    """As of the LSTM."""
    typecode, macs = _cell(op, context)
    arrays = ", ".join(context.ref(name) for name in (op.x, op.h, op.memory, op.y, op.y_memory))
    qparams = op.quantization
    return (f"gru_cell_integer(blob, {arrays}, '{typecode}', {op.reset_bits}, "
            f"{qparams.zero_point}, {qparams.low}, {qparams.high}, {macs})")


@emits(LayerNormalizationInteger)
def layer_normalization_integer(op: LayerNormalizationInteger, context: Context) -> str:
    """Epsilon by shift, then the table of the reciprocal root."""
    context.blob.add("i", context.constant(op.epsilon))
    context.blob.add("h", context.constant(op.table))
    count = prod(context.value(op.x).shape[op.axis :])
    mean = tuple(context.constant(op.mean).tolist())
    return (f"layer_normalization_integer(blob, {context.ref(op.x)}, {context.ref(op.y)}, {count}, "
            f"{op.zero_point}, {square_bits(count)}, {op.shift}, {mean})")


@emits(L2NormalizationInteger)
def l2_normalization_integer(op: L2NormalizationInteger, context: Context) -> str:
    """What is added and the floor by shift, then the table of the reciprocal root."""
    for name in (op.added, op.floor):
        context.blob.add("i", context.constant(name))
    context.blob.add("h", context.constant(op.table))
    count = prod(context.value(op.x).shape[op.axis :])
    return (f"l2_normalization_integer(blob, {context.ref(op.x)}, {context.ref(op.y)}, {count}, "
            f"{op.zero_point}, {square_bits(count)}, {op.shift})")


@emits(SoftmaxInteger)
def softmax_integer(op: SoftmaxInteger, context: Context) -> str:
    """Both tables."""
    for name in (op.powers, op.reciprocals):
        context.blob.add("h", context.constant(name))
    shape = context.value(op.x).shape
    return (f"softmax_integer(blob, {context.ref(op.x)}, {context.ref(op.y)}, "
            f"{prod(shape[: op.axis])}, {shape[op.axis]}, {prod(shape[op.axis + 1 :])}, "
            f"{op.multiplier}, {op.shift})")


@emits(MatMulInteger)
def matmul_integer(op: MatMulInteger, context: Context) -> str:
    """A constant operand, then factors."""
    a, b = (_operand(name, context) for name in (op.a, op.b))
    context.blob.add("i", context.constant(op.factors))
    context.blob.add("i", context.constant(op.output))
    (rows, count), columns = context.value(op.a).shape[-2:], context.value(op.b).shape[-1]
    qparams = op.quantization
    return (f"matmul_integer(blob, {a}, {b}, {context.ref(op.y)}, {rows}, {count}, {columns}, "
            f"{qparams.zero_point}, {qparams.low}, {qparams.high})")


@emits(LSTMCellInteger)
def lstm_cell_integer(op: LSTMCellInteger, context: Context) -> str:
    """Both matrices, both biases, both requantisations, the table, the output's factor."""
    typecode, macs = _cell(op, context)
    arrays = ", ".join(context.ref(name) for name in (op.x, op.h, op.c, op.y_h, op.y_c))
    qparams = op.quantization
    return (f"lstm_cell_integer(blob, {arrays}, '{typecode}', {op.cell_bits}, "
            f"{qparams.zero_point}, {qparams.low}, {qparams.high}, {macs})")


@emits(MinGRUCellInteger)
def min_gru_cell_integer(op: MinGRUCellInteger, context: Context) -> str:
    """The matrix, its biases and factors, the table, the factors of x and y."""
    weight = context.constant(op.weight)
    typecode = TYPECODES[str(weight.dtype)]
    mac = context.kernels.mac(typecode, context.typecode(op.x), *weight.shape)
    context.blob.add(typecode, weight, mac != "None")
    context.blob.add("i", context.constant(op.bias))
    _requantization(op.requantization, context)
    context.blob.add("h", context.constant(op.table))
    for name in (op.factor, op.output):
        context.blob.add("i", context.constant(name))
    arrays = ", ".join(context.ref(name) for name in (op.x, op.h, op.y, op.y_h))
    qparams = op.quantization
    return (f"min_gru_cell_integer(blob, {arrays}, '{typecode}', {op.bits}, "
            f"{qparams.zero_point}, {qparams.low}, {qparams.high}, {mac})")


@emits(OneHotInteger)
def one_hot(op: OneHotInteger, context: Context) -> str:
    """The integer of 1 is the largest of y."""
    return (f"one_hot({context.ref(op.x)}, {context.ref(op.y)}, {op.classes}, "
            f"{op.quantization.high})")


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
    operands, maps = [_operand(name, context) for name in (op.a, op.b)], []
    for name in (op.a, op.b):
        indices = np.broadcast_to(
            np.arange(context.value(name).size).reshape(context.value(name).shape), shape)
        if indices.size == context.value(name).size:
            maps.append("None")
        else:
            maps.append(context.indices(indices))
    context.blob.add("i", context.constant(op.factors))
    context.blob.add("i", context.constant(op.output))
    qparams = op.quantization
    return (f"binary_integer(blob, {operands[0]}, {operands[1]}, {context.ref(op.y)}, "
            f"{FUNCTIONS.index(op.function)}, {maps[0]}, {maps[1]}, {qparams.zero_point}, "
            f"{qparams.low}, {qparams.high})")


def _operand(name: str, context: Context) -> str:
    """A value, or a constant of 16 bits."""
    if name not in context.program.constants:
        return context.ref(name)
    values = context.constant(name)
    context.blob.add("h", values)
    return f'blob.read("h", {values.size})'


def _cell(op: GRUCellInteger | LSTMCellInteger, context: Context) -> tuple[str, str]:
    """Adds the constants that cells have in common; typecode of the weights, both kernels."""
    weight, recurrent = context.constant(op.weight), context.constant(op.recurrent)
    typecode = TYPECODES[str(weight.dtype)]
    macs = [context.kernels.mac(typecode, context.typecode(name), *matrix.shape)
            for name, matrix in ((op.x, weight), (op.h, recurrent))]
    for matrix, mac in zip((weight, recurrent), macs, strict=True):
        context.blob.add(typecode, matrix, mac != "None")
    for name in (op.bias, op.recurrent_bias):
        context.blob.add("i", context.constant(name))
    for name in (op.requantization, op.recurrent_requantization):
        _requantization(name, context)
    context.blob.add("h", context.constant(op.table))
    context.blob.add("i", context.constant(op.output))
    return typecode, ", ".join(macs)


def _requantization(name: str, context: Context) -> None:
    """Multipliers, then the two shifts of every row."""
    factors = context.constant(name)
    context.blob.add("h", factors[:, 0])
    context.blob.add("B", np.ascontiguousarray(factors[:, 1:]))
