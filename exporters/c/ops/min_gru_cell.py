# SPDX-License-Identifier: MIT
"""C for MinGRUCell."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import blocks_of_four, wide_blocks
from puffer_edge.ir.ops import MinGRUCell


@emits(MinGRUCell)
def min_gru_cell(op: MinGRUCell, context: Context) -> None:
    """One call; the gates lie in scratch."""
    weight = context.weight(op.weight)
    x, h, y, y_h, scratch = (context.ref(op.x), context.ref(op.h), context.out(op.y),
                             context.out(op.y_h), context.scratch())
    if context.wide:
        context.use("min_gru_cell_wide_f32")
        steps = {ref: f"{ref}, {context.step(ref)}" for ref in (x, h, y, y_h, scratch)}
        context.line(f"puffer_edge_min_gru_cell_wide_f32({steps[x]}, {steps[h]}, "
                     f"{context.matrix(wide_blocks(weight))}, {steps[scratch]}, {steps[y]}, "
                     f"{steps[y_h]}, {weight.shape[1]}, {context.lanes});", together=True)
        return
    kernel = f"min_gru_cell_{context.floats(weight)}"
    context.use(kernel)
    context.line(
        f"puffer_edge_{kernel}({x}, {h}, {context.matrix(blocks_of_four(weight))}, {scratch},\n"
        f"                 {y}, {y_h}, {weight.shape[1]});")
