"""GRUCell in integers: gates and memory in 16 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Program, Quantization, State
from puffer_edge.ir.gates import tanh_table
from puffer_edge.ir.ops import GRUCell, GRUCellInteger
from puffer_edge.ir.ops.gru_cell_integer import MEMORY
from puffer_edge.ir.requantization import choose
from puffer_edge.quantization.rules.lstm_cell import (
    CANDIDATE_SCALE,
    GATE_SCALE,
    refuse_large_gates,
)
from puffer_edge.quantization.rules.registry import Array, rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer

HEADROOM = 2.0
"""How much further than recorded the sum over h for n reaches before it is cut off."""


def _matrices(op: GRUCell, name: str) -> tuple[str, ...]:
    return tuple(weight for value, weight in ((op.x, op.weight), (op.h, op.recurrent))
                 if value == name)


def _own(op: GRUCell, program: Program) -> State | None:
    """The state that is what the cell made the step before, as it is, if it reads one."""
    return next((state for state in program.states
                 if (state.input, state.output) == (op.h, op.y)), None)


def _memory(op: GRUCell, quantizer: Quantizer) -> dict[str, Quantization]:
    return {} if _own(op, quantizer.program) else {op.h: MEMORY}


@rule(GRUCell, matrices=_matrices, starts=True, memories=_memory)
def gru_cell(op: GRUCell, quantizer: Quantizer) -> None:
    """The hidden state gets a finer twin, see :class:`GRUCellInteger`.

    A state that comes to the cell by another way than from the step before has the scale of the
    twin, and what the matrices read is its image.
    """
    own = _own(op, quantizer.program)
    largest = (np.abs(own.initial).max() if own
               else max(map(abs, quantizer.calibration.bounds(op.h))))
    if largest > (1 if own else MEMORY.scale * MEMORY.largest):
        raise UnsupportedError("the hidden state of this GRU is larger than any that it makes",
                               where=op.layer, hint="export it with --scheme float32")
    memory, y_memory = f"{op.h}.memory", f"{op.y}.memory"
    if own:
        quantizer.remember(own, memory, y_memory, "int16", MEMORY)
    else:
        memory = quantizer.converted(op.h, MEMORY, "int16", memory, op.layer)
        _image(op, quantizer)
        quantizer.made(y_memory, MEMORY)
        quantizer.remember_by(op.y, y_memory)
    x = quantizer.integer(op.x, op)
    weight, recurrent = quantizer.floats(op.weight), quantizer.floats(op.recurrent)
    assert weight is not None and recurrent is not None
    hidden = recurrent.shape[1]
    over_x = quantizer.linear(op.x, weight, quantizer.floats(op.bias), op)
    recurrent_bias = quantizer.floats(op.recurrent_bias)
    over_h = quantizer.linear(op.h, recurrent, recurrent_bias, op)
    candidate = slice(2 * hidden, 3 * hidden)
    bias = np.zeros(hidden) if recurrent_bias is None else recurrent_bias[candidate]
    reset_bits = _reset_bits(recurrent[candidate], bias, quantizer.calibration.samples.get(op.h))
    gates = np.repeat([GATE_SCALE, GATE_SCALE, CANDIDATE_SCALE], hidden)
    recurrent_gates = np.repeat([GATE_SCALE, GATE_SCALE, 2.0**-reset_bits], hidden)
    refuse_large_gates(over_x, gates, op)
    refuse_large_gates(over_h, recurrent_gates, op)
    meaning = quantizer.meaning(op.y, op)
    constant = quantizer.constant
    quantizer.add(GRUCellInteger(
        x=x, h=quantizer.integers[op.h].name, memory=memory,
        weight=quantizer.weights(over_x, op, f"{op.y}.ih.w"),
        recurrent=quantizer.weights(over_h, op, f"{op.y}.hh.w"),
        bias=constant(over_x.bias, f"{op.y}.b"),
        recurrent_bias=constant(over_h.bias, f"{op.y}.bh"),
        requantization=constant(over_x.requantization(gates), f"{op.y}.ih.requantization"),
        recurrent_requantization=constant(
            over_h.requantization(recurrent_gates), f"{op.y}.hh.requantization"),
        table=constant(tanh_table(), "tanh"),
        output=constant(np.array(choose(MEMORY.scale / meaning.scale, MEMORY.largest), np.int32),
                        f"{op.y}.output"),
        y=op.y, y_memory=y_memory, reset_bits=reset_bits, dtype=quantizer.dtype(op.y, op),
        quantization=meaning, layer=op.layer))
    quantizer.made(op.y, meaning)


def _image(op: GRUCell, quantizer: Quantizer) -> None:
    """What the matrices read, with the bits that the range proof leaves to it."""
    bottom, top = quantizer.limits(op.h, op, "int16")
    largest = max(*map(abs, quantizer.calibration.bounds(op.h)), 2.0**-6)
    meaning = Quantization(largest / top, 0, bottom, top)
    quantizer.made(op.h, meaning, quantizer.converted(
        op.h, meaning, "int16", f"{op.y}.image", op.layer))


def _reset_bits(weight: Array, bias: Array, seen: Array | None) -> int:
    """Fractional bits with which the sum over h for n fits in 16 bits.

    It cannot be larger than with every abs(h) = 1, and need not be larger than what was recorded,
    with headroom.
    """
    largest = float((np.abs(weight).sum(1) + np.abs(bias)).max())
    if seen is not None:
        largest = min(largest, HEADROOM * float(np.abs(seen @ weight.T + bias).max()))
    return int(np.clip(15 - np.ceil(np.log2(max(largest, 1.0))), 0, 12))
