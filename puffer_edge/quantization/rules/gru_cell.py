# SPDX-License-Identifier: MIT
"""GRUCell in integers: gates and memory in 16 bits."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Program, Quantization, State
from puffer_edge.ir.gates import tanh_table
from puffer_edge.ir.ops import GRUCell, GRUCellInteger
from puffer_edge.ir.ops.gru_cell_integer import MEMORY
from puffer_edge.ir.requantization import choose
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule
from puffer_edge.quantization.rules.lstm_cell import (
    CANDIDATE_SCALE,
    GATE_SCALE,
    refuse_large_gates,
)

HEADROOM = 2.0
"""How much further than recorded the sum over h for n reaches before it is cut off."""


def _matrices(op: GRUCell, name: str) -> tuple[str, ...]:
    return tuple(weight for value, weight in ((op.x, op.weight), (op.h, op.recurrent))
                 if value == name)


def _own(op: GRUCell, program: Program) -> State | None:
    """The state that is what the cell made the step before, as it is, if it reads one."""
    return next((state for state in program.states
                 if (state.input, state.output) == (op.h, op.y)), None)


def _memory(op: GRUCell, program: Program, calibration: Calibration
            ) -> dict[str, Quantization]:
    return {} if _own(op, program) else {op.h: MEMORY}


@rule(GRUCell, starts=True, matrices=_matrices, columns=("x", "weight"), memories=_memory,
      float16=("weight", "recurrent"))
def gru_cell(op: GRUCell, emitter: Emitter) -> None:
    """The hidden state gets a finer twin, see :class:`GRUCellInteger`.

    A state that comes to the cell by another way than from the step before has the scale of the
    twin, and what the matrices read is its image.
    """
    own = _own(op, emitter.program)
    largest = (np.abs(own.initial).max() if own
               else max(map(abs, emitter.calibration.bounds(op.h))))
    if largest > (1 if own else MEMORY.scale * MEMORY.largest):
        raise UnsupportedError("the hidden state of this GRU is larger than any that it makes",
                               where=op.layer, hint="export it with --scheme float32")
    memory, y_memory = f"{op.h}.memory", f"{op.y}.memory"
    if own:
        emitter.remember(own, memory, y_memory, "int16", MEMORY)
    else:
        memory = emitter.requantized(op.h, MEMORY, "int16", memory, op.layer)
        _image(op, emitter)
        emitter.declare(y_memory, MEMORY)
        emitter.finer[op.y] = y_memory
    x = emitter.per_channel(op.x, op)
    weight, recurrent = emitter.floats(op.weight), emitter.floats(op.recurrent)
    assert weight is not None and recurrent is not None
    hidden = recurrent.shape[1]
    over_x = emitter.linear(op.x, weight, emitter.floats(op.bias), op)
    recurrent_bias = emitter.floats(op.recurrent_bias)
    over_h = emitter.linear(op.h, recurrent, recurrent_bias, op)
    candidate = slice(2 * hidden, 3 * hidden)
    bias = np.zeros(hidden) if recurrent_bias is None else recurrent_bias[candidate]
    reset_bits = _reset_bits(recurrent[candidate], bias, emitter.calibration.samples.get(op.h))
    gates = np.repeat([GATE_SCALE, GATE_SCALE, CANDIDATE_SCALE], hidden)
    recurrent_gates = np.repeat([GATE_SCALE, GATE_SCALE, 2.0**-reset_bits], hidden)
    refuse_large_gates(over_x, gates, op)
    refuse_large_gates(over_h, recurrent_gates, op)
    dtype = emitter.dtype_like(op.y, op.h)
    qparams = emitter.ranges.qparams(op.y, op, dtype=dtype)
    constant = emitter.constant
    emitter.add(GRUCellInteger(
        x=x, h=emitter.integers[op.h].name, memory=memory,
        weight=emitter.weights(over_x, op, f"{op.y}.ih.w"),
        recurrent=emitter.weights(over_h, op, f"{op.y}.hh.w"),
        bias=constant(over_x.bias, f"{op.y}.b"),
        recurrent_bias=constant(over_h.bias, f"{op.y}.bh"),
        requantization=constant(over_x.requantization(gates), f"{op.y}.ih.requantization"),
        recurrent_requantization=constant(
            over_h.requantization(recurrent_gates), f"{op.y}.hh.requantization"),
        table=constant(tanh_table(), "tanh"),
        output=constant(np.array(choose(MEMORY.scale / qparams.scale, MEMORY.largest), np.int32),
                        f"{op.y}.output"),
        y=op.y, y_memory=y_memory, reset_bits=reset_bits, dtype=dtype, quantization=qparams,
        layer=op.layer))
    emitter.declare(op.y, qparams)


def _image(op: GRUCell, emitter: Emitter) -> None:
    """What the matrices read, with the bits that the range proof leaves to it."""
    bottom, top = emitter.ranges.limits(op.h, op, "int16")
    largest = max(*map(abs, emitter.calibration.bounds(op.h)), 2.0**-6)
    qparams = Quantization(largest / top, 0, bottom, top)
    emitter.declare(op.h, qparams, emitter.requantized(
        op.h, qparams, "int16", f"{op.y}.image", op.layer))


def _reset_bits(weight: Array, bias: Array, seen: Array | None) -> int:
    """Fractional bits with which the sum over h for n fits in 16 bits.

    It cannot be larger than with every abs(h) = 1, and need not be larger than what was recorded,
    with headroom.
    """
    largest = float((np.abs(weight).sum(1) + np.abs(bias)).max())
    if seen is not None:
        largest = min(largest, HEADROOM * float(np.abs(seen @ weight.T + bias).max()))
    return int(np.clip(15 - np.ceil(np.log2(max(largest, 1.0))), 0, 12))
