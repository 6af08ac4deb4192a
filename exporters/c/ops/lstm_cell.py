"""C for LSTMCell."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import WIDE, gates_of_units, wide_gates_of_units
from puffer_edge.ir.ops import LSTMCell


@emits(LSTMCell)
def lstm_cell(op: LSTMCell, context: Context) -> None:
    """One call; gates interleaved per unit."""
    weight, recurrent = context.weight(op.weight), context.weight(op.recurrent)
    hidden = recurrent.shape[1]
    bias = context.weight(op.bias) if op.bias else np.zeros(4 * hidden, np.float32)
    wide = context.wide and 4 * hidden % WIDE == 0
    kernel = "lstm_cell_wide_f32" if wide else f"lstm_cell_{context.floats(weight)}"
    pack = wide_gates_of_units if wide else gates_of_units
    context.use(kernel)
    context.line(
        f"puffer_edge_{kernel}({context.ref(op.x)}, {context.ref(op.h)}, {context.ref(op.c)}, "
        f"{context.matrix(pack(weight), 'weight, by units')},\n"
        f"              {context.matrix(pack(recurrent), 'recurrent weight, by units')}, "
        f"{context.constant(gates_of_units(bias.reshape(-1, 1)), role='bias')}, "
        f"{context.out(op.y_h)}, {context.out(op.y_c)}, {weight.shape[1]}, {hidden});")
