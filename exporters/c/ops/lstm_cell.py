# SPDX-License-Identifier: MIT
"""C for LSTMCell."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import (
    gates_of_units,
    gates_of_units_flushed,
    wide_gates_of_units,
)
from puffer_edge.ir.ops import LSTMCell


@emits(LSTMCell)
def lstm_cell(op: LSTMCell, context: Context) -> None:
    """One call; gates interleaved per unit."""
    weight, recurrent = context.weight(op.weight), context.weight(op.recurrent)
    hidden, width = recurrent.shape[1], weight.shape[1]
    bias = context.weight(op.bias) if op.bias else np.zeros(4 * hidden, np.float32)
    pack = (gates_of_units_flushed if op.flush else
            wide_gates_of_units if context.wide else gates_of_units)
    packed = (context.matrix(pack(weight), "weight, by units"),
              context.matrix(pack(recurrent), "recurrent weight, by units"),
              context.constant(gates_of_units(bias.reshape(-1, 1)), role="bias"))
    refs = [*map(context.ref, (op.x, op.h, op.c)), *map(context.out, (op.y_h, op.y_c))]
    if context.wide and not op.flush:
        context.use("lstm_cell_wide_f32")
        before, after = ([f"{ref}, {context.step(ref)}" for ref in part]
                         for part in (refs[:3], refs[3:]))
        context.line(f"puffer_edge_lstm_cell_wide_f32({', '.join([*before, *packed, *after])}, "
                     f"{width}, {hidden}, {context.lanes});", together=True)
        return
    kernel = f"lstm_cell_{'flushed_f32' if op.flush else context.floats(weight)}"
    context.use(kernel)
    context.line(f"puffer_edge_{kernel}({', '.join(refs[:3])},\n"
                 f"              {packed[0]},\n"
                 f"              {packed[1]}, {packed[2]}, {', '.join(refs[3:])}, "
                 f"{width}, {hidden});")
