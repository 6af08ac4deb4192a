# SPDX-License-Identifier: MIT
"""C for Gemm."""

from __future__ import annotations

from puffer_edge.exporters.c.channels import places_of_channels
from puffer_edge.exporters.c.context import LANES, Context, emits
from puffer_edge.exporters.c.ops.unary import apply_in_place, is_relu
from puffer_edge.exporters.c.packing import blocks_of_four, flushed_blocks, wide_blocks
from puffer_edge.ir.ops import Gemm


@emits(Gemm)
def gemm(op: Gemm, context: Context) -> None:
    """One call per row of x, for computers one for all; then the activation in place."""
    x, y = context.value(op.x), context.value(op.y)
    n, k = context.weight(op.weight).shape
    if context.wide and not op.flush:
        _wide(op, context, x.size // k, n, k)
        if is_relu(op.activation):
            return
    else:
        _narrow(op, context, x.size // k, n, k)
    apply_in_place(op.activation, op.y, y.size, context)


def _narrow(op: Gemm, context: Context, rows: int, n: int, k: int) -> None:
    weight = context.weight(op.weight)
    kernel = "gemm_flushed_f32" if op.flush else f"gemm_{context.floats(weight)}"
    packed = context.matrix((flushed_blocks if op.flush else blocks_of_four)(weight),
                            f"weight {n}x{k}")
    bias = context.optional(op.bias)
    context.use(kernel)
    if rows == 1:
        context.line(f"puffer_edge_{kernel}({context.ref(op.x)}, {packed}, {bias}, "
                     f"{context.out(op.y)}, {k}, {n});")
    else:
        context.line(
            f"for (int32_t i = 0; i < {rows}; ++i) {{\n"
            f"    puffer_edge_{kernel}({context.ref(op.x)} + {k} * i, {packed}, {bias}, "
            f"{context.out(op.y)} + {n} * i, {k}, {n});\n}}")


def _wide(op: Gemm, context: Context, rows: int, n: int, k: int) -> None:
    """Rows are those of one observation, or else one of each lane."""
    packed = context.matrix(wide_blocks(context.weight(op.weight)), f"weight {n}x{k}")
    bias, x, y = context.optional(op.bias), context.ref(op.x), context.out(op.y)
    last = context.channels_last(op.x)
    places = context.constant(places_of_channels(last), role="places of x") if last else "NULL"
    relu = int(is_relu(op.activation))
    context.use("gemm_wide_f32")
    if rows == 1:
        context.line(
            f"puffer_edge_gemm_wide_f32({x}, {context.step(x)}, {places}, {packed}, {bias}, 0, "
            f"{y}, {context.step(y)}, {k}, {n}, {context.lanes}, {relu});", together=True)
    for first in range(0, rows if rows > 1 else 0, LANES):
        context.line(
            f"puffer_edge_gemm_wide_f32({x} + {k * first}, {k}, NULL, {packed}, {bias}, 0, "
            f"{y} + {n * first}, {n}, {k}, {n}, {min(LANES, rows - first)}, {relu});")
