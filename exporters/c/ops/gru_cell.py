# SPDX-License-Identifier: MIT
"""C for GRUCell."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import blocks_of_four, wide_blocks
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
    pack = wide_blocks if context.wide else blocks_of_four
    packed = (context.matrix(pack(weight), "weight"),
              context.matrix(pack(recurrent[gates]), "recurrent weight of r, z"),
              context.matrix(pack(recurrent[last]), "recurrent weight of n"),
              context.constant(bias, role="bias"))
    x, h, y, scratch = (context.ref(op.x), context.ref(op.h), context.out(op.y),
                        context.scratch())
    if context.wide:
        context.use("gru_cell_wide_f32")
        context.line(f"puffer_edge_gru_cell_wide_f32({x}, {context.step(x)}, "
                     f"{h}, {context.step(h)}, {', '.join(packed)}, "
                     f"{scratch}, {context.step(scratch)}, {y}, {context.step(y)}, "
                     f"{weight.shape[1]}, {hidden}, {context.lanes});",
                     together=True)
        return
    kernel = f"gru_cell_{context.floats(weight)}"
    context.use(kernel)
    context.line(f"puffer_edge_{kernel}({x}, {h}, {packed[0]}, {packed[1]},\n"
                 f"             {packed[2]}, {packed[3]}, {scratch}, {y}, "
                 f"{weight.shape[1]}, {hidden});")
