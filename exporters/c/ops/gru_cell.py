"""C for GRUCell."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import blocks_of_four
from puffer_edge.ir.ops import GRUCell


@emits(GRUCell)
def gru_cell(op: GRUCell, context: Context) -> None:
    """One call; the biases of r and z are summed, those of n stay apart."""
    weight, recurrent = context.weight(op.weight), context.weight(op.recurrent)
    hidden = recurrent.shape[1]
    zero = np.zeros(3 * hidden, np.float32)
    b_x = context.weight(op.bias) if op.bias else zero
    b_h = context.weight(op.recurrent_bias) if op.recurrent_bias else zero
    gates, last = slice(0, 2 * hidden), slice(2 * hidden, 3 * hidden)
    bias = np.concatenate([b_x[gates] + b_h[gates], b_x[last], b_h[last]])
    kernel = f"gru_cell_{context.floats(weight)}"
    context.use(kernel)
    context.line(
        f"puffer_edge_{kernel}({context.ref(op.x)}, {context.ref(op.h)}, "
        f"{context.matrix(blocks_of_four(weight), 'weight')}, "
        f"{context.matrix(blocks_of_four(recurrent[gates]), 'recurrent weight of r, z')},\n"
        f"             {context.matrix(blocks_of_four(recurrent[last]), 'recurrent weight of n')}, "
        f"{context.constant(bias, role='bias')}, {context.scratch()}, {context.out(op.y)}, "
        f"{weight.shape[1]}, {hidden});")
