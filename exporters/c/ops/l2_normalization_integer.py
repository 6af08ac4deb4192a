# SPDX-License-Identifier: MIT
"""C for L2NormalizationInteger."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import L2NormalizationInteger
from puffer_edge.ir.reciprocal_root import square_bits


@emits(L2NormalizationInteger)
def l2_normalization_integer(op: L2NormalizationInteger, context: Context) -> None:
    """One call for all rows."""
    x = context.value(op.x)
    count = prod(x.shape[op.axis :])
    kernel = f"l2_normalization_s{x.dtype[3:]}"
    context.use(kernel)
    context.line(
        "{\n"
        "    static const puffer_edge_norm_t norm = {\n"
        f"        {context.constant(context.weight(op.added), 'int32_t', 'added')}, "
        f"{context.constant(context.weight(op.floor), 'int32_t', 'floor')}, "
        f"{context.constant(context.weight(op.table), role='roots')},\n"
        f"        {context.learned(op.zero_point)}, {square_bits(count)}, "
        f"{context.learned(op.shift)}}};\n"
        f"    puffer_edge_{kernel}({context.ref(op.x)}, &norm, {context.out(op.y)}, "
        f"{x.size // count}, {count});\n}}")
