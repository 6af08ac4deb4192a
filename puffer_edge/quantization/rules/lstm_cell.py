# SPDX-License-Identifier: MIT
"""LSTMCell in integers: gates and cell in 16 bits."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Op, Program, Quantization
from puffer_edge.ir.gates import tanh_table
from puffer_edge.ir.ops import LSTMCell, LSTMCellInteger
from puffer_edge.ir.requantization import choose
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.linear import Linear
from puffer_edge.quantization.rule import rule

GATE_SCALE, CANDIDATE_SCALE = 2.0**-11, 2.0**-12
LARGEST_GATE = 2**28
"""Of each of the two sums that a gate is made of, so that their sum stays in 31 bits."""


def _matrices(op: LSTMCell, name: str) -> tuple[str, ...]:
    return tuple(weight for value, weight in ((op.x, op.weight), (op.h, op.recurrent))
                 if value == name)


def _cell(op: LSTMCell, program: Program, calibration: Calibration) -> dict[str, Quantization]:
    """The power of two that the cell's calibrated range asks for."""
    largest = max(abs(end) for name in (op.c, op.y_c)
                  for end in calibration.bounds(name))
    bits = min(14, 15 - int(np.ceil(np.log2(max(largest * 1.25, 2.0**-6)))))
    return {op.c: Quantization(2.0**-bits, 0, -32768, 32767)}


@rule(LSTMCell, starts=True, matrices=_matrices, columns=("x", "weight"), memories=_cell,
      float16=("weight", "recurrent"))
def lstm_cell(op: LSTMCell, emitter: Emitter) -> None:
    """A cell that comes in by another way than from the step before is brought to its scale."""
    x, h = emitter.per_channel(op.x, op), emitter.per_channel(op.h, op)
    recurrent = emitter.floats(op.recurrent)
    assert recurrent is not None
    hidden = recurrent.shape[1]
    over_h = emitter.linear(op.h, recurrent, None, op)
    # Both sums meet at one scale, so one bias does for both, and flash need not hold another.
    bias = emitter.floats(op.bias)
    moved = over_h.bias * over_h.scales
    over_x = emitter.linear(
        op.x, emitter.floats(op.weight), moved if bias is None else bias + moved, op)
    gates = np.repeat([GATE_SCALE, GATE_SCALE, CANDIDATE_SCALE, GATE_SCALE], hidden)
    for linear in (over_x, over_h):
        refuse_large_gates(linear, gates, op)
    (cell,) = _cell(op, emitter.program, emitter.calibration).values()
    dtype = emitter.dtype_like(op.y_h, op.h)
    qparams = emitter.ranges.qparams(op.y_h, op, dtype=dtype)
    constant = emitter.constant
    emitter.add(LSTMCellInteger(
        x=x, h=h, c=emitter.requantized(op.c, cell, "int16", f"{op.y_c}.before", op.layer),
        weight=emitter.weights(over_x, op, f"{op.y_h}.ih.w"),
        recurrent=emitter.weights(over_h, op, f"{op.y_h}.hh.w"),
        bias=constant(over_x.bias, f"{op.y_h}.b"),
        recurrent_bias=constant(np.zeros(4 * hidden, np.int32), f"{op.y_h}.bh"),
        requantization=constant(over_x.requantization(gates), f"{op.y_h}.ih.requantization"),
        recurrent_requantization=constant(
            over_h.requantization(gates), f"{op.y_h}.hh.requantization"),
        table=constant(tanh_table(), "tanh"),
        output=constant(np.array(choose(2.0**-29 / qparams.scale, 2**29), np.int32),
                        f"{op.y_h}.output"),
        y_h=op.y_h, y_c=op.y_c, cell_bits=-int(np.log2(cell.scale)),
        dtype=dtype, quantization=qparams, layer=op.layer))
    emitter.declare(op.y_h, qparams)
    emitter.declare(op.y_c, cell)


def refuse_large_gates(linear: Linear, gates: Array, op: Op) -> None:
    """Whether the sums, at the scales of the gates, can be added to another such sum.

    Raises:
        UnsupportedError: they cannot.
    """
    if np.any(linear.bound * linear.scales / gates > LARGEST_GATE):
        raise UnsupportedError("the gates of this layer can leave 31 bits", where=op.layer)
