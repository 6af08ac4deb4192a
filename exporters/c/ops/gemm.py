"""C for Gemm."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.unary import apply_in_place
from puffer_edge.exporters.c.packing import WIDE, blocks_of_four, wide_blocks
from puffer_edge.ir.ops import Gemm


@emits(Gemm)
def gemm(op: Gemm, context: Context) -> None:
    """One call per row of x, then the activation in place."""
    x, y = context.value(op.x), context.value(op.y)
    weight = context.weight(op.weight)
    n, k = weight.shape
    wide = context.wide and n >= WIDE
    kernel = "gemm_wide_f32" if wide else f"gemm_{context.floats(weight)}"
    packed = context.matrix(wide_blocks(weight) if wide else blocks_of_four(weight),
                            f"weight {n}x{k}")
    bias = context.optional(op.bias)
    rows = x.size // k
    context.use(kernel)
    if rows == 1:
        context.line(f"puffer_edge_{kernel}({context.ref(op.x)}, {packed}, {bias}, "
                     f"{context.out(op.y)}, {k}, {n});")
    else:
        context.line(
            f"for (int32_t i = 0; i < {rows}; ++i) {{\n"
            f"    puffer_edge_{kernel}({context.ref(op.x)} + {k} * i, {packed}, {bias}, "
            f"{context.out(op.y)} + {n} * i, {k}, {n});\n}}")
    apply_in_place(op.activation, op.y, y.size, context)
