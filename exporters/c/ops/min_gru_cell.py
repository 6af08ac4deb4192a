"""C for MinGRUCell."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import blocks_of_four
from puffer_edge.ir.ops import MinGRUCell


@emits(MinGRUCell)
def min_gru_cell(op: MinGRUCell, context: Context) -> None:
    """One call; the gates lie in scratch."""
    weight = context.weight(op.weight)
    kernel = f"min_gru_cell_{context.floats(weight)}"
    context.use(kernel)
    context.line(
        f"puffer_edge_{kernel}({context.ref(op.x)}, {context.ref(op.h)}, "
        f"{context.matrix(blocks_of_four(weight))}, {context.scratch()},\n"
        f"                 {context.out(op.y)}, {context.out(op.y_h)}, {weight.shape[1]});")
