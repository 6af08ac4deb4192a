# SPDX-License-Identifier: MIT
"""MinGRUCell in integers: gates and state in 16 bits."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Program, Quantization
from puffer_edge.ir.gates import tanh_table
from puffer_edge.ir.ops import MinGRUCell, MinGRUCellInteger
from puffer_edge.ir.ops.min_gru_cell_integer import state_qparams
from puffer_edge.ir.requantization import choose
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule
from puffer_edge.quantization.rules.binary import in_units
from puffer_edge.quantization.rules.lstm_cell import GATE_SCALE, refuse_large_gates

HEADROOM = 1.25
"""How much further than recorded the state, the candidate and x reach before they are cut off."""


def _bits(op: MinGRUCell, calibration: Calibration) -> int:
    """Fractional bits of the state, of x and of the candidate."""
    reach = max(abs(end) for name in (op.x, op.h, op.y_h)
                for end in calibration.bounds(name))
    bits = int(min(14, 15 - np.ceil(np.log2(max(HEADROOM * reach, 1.0)))))
    if bits < 0:
        raise UnsupportedError("the state of this layer is too large for 16 bits", where=op.layer,
                               hint="export it with --scheme float32")
    return bits


def _state(op: MinGRUCell, program: Program, calibration: Calibration
           ) -> dict[str, Quantization]:
    return {op.h: state_qparams(_bits(op, calibration))}


@rule(MinGRUCell, starts=True, matrices=lambda op, name: (op.weight,) if name == op.x else (),
      memories=_state, float16=("weight",))
def min_gru_cell(op: MinGRUCell, emitter: Emitter) -> None:
    """State and x have one scale, the power of two that the calibrated ranges ask for."""
    if op.x not in emitter.integers:
        emitter.read_per_tensor(op.x, op)
    x = emitter.integers[op.x]
    if not x.per_tensor:
        raise UnsupportedError(
            "a MinGRU in integers shares the observation with no layer but its like",
            where=op.layer, hint="export it with --scheme float32")
    linear = emitter.linear(op.x, emitter.floats(op.weight), None, op)
    bits = _bits(op, emitter.calibration)
    hidden = len(linear.bias) // 3
    gates = np.repeat([2.0 ** -max(bits, 11), GATE_SCALE, GATE_SCALE], hidden)
    refuse_large_gates(linear, gates, op)
    qparams, state = emitter.ranges.qparams(op.y, op), state_qparams(bits)
    constant = emitter.constant
    emitter.add(MinGRUCellInteger(
        x=x.name, h=emitter.requantized(op.h, state, "int16", f"{op.y}.before", op.layer),
        weight=emitter.weights(linear, op, f"{op.y}.w"),
        bias=constant(linear.bias, f"{op.y}.b"),
        requantization=constant(linear.requantization(gates), f"{op.y}.requantization"),
        table=constant(tanh_table(), "tanh"),
        factor=constant(np.array(in_units(x.qparams, state.scale, 1).row, np.int32),
                        f"{op.y}.factor"),
        output=constant(np.array(choose(state.scale / qparams.scale, 2**15), np.int32),
                        f"{op.y}.output"),
        y=op.y, y_h=op.y_h, bits=bits, dtype=emitter.ranges.dtype(op.y), quantization=qparams,
        layer=op.layer))
    emitter.declare(op.y, qparams)
    emitter.declare(op.y_h, state)
