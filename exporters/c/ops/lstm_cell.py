"""C for LSTMCell."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import gates_of_units
from puffer_edge.ir.ops import LSTMCell


@emits(LSTMCell)
def lstm_cell(op: LSTMCell, context: Context) -> None:
    """One call; gates interleaved per unit."""
    weight, recurrent = context.weight(op.weight), context.weight(op.recurrent)
    hidden = recurrent.shape[1]
    bias = context.weight(op.bias) if op.bias else np.zeros(4 * hidden, np.float32)
    context.use("lstm_cell_f32")
    context.line(
        f"lstm_cell_f32({context.ref(op.x)}, {context.ref(op.h)}, {context.ref(op.c)}, "
        f"{context.constant(gates_of_units(weight))},\n"
        f"              {context.constant(gates_of_units(recurrent))}, "
        f"{context.constant(gates_of_units(bias.reshape(-1, 1)))}, {context.out(op.y_h)}, "
        f"{context.out(op.y_c)}, {weight.shape[1]}, {hidden});")
