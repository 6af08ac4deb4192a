# SPDX-License-Identifier: MIT
"""C for LayerNormalizationInteger."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import LayerNormalizationInteger
from puffer_edge.ir.reciprocal_root import square_bits


@emits(LayerNormalizationInteger)
def layer_normalization_integer(op: LayerNormalizationInteger, context: Context) -> None:
    """One call for all rows."""
    x = context.value(op.x)
    count = prod(x.shape[op.axis :])
    kernel = f"layer_normalization_s{x.dtype[3:]}"
    context.use(kernel)
    context.line(
        "{\n"
        "    static const puffer_edge_normal_t normal = {\n"
        f"        {context.constant(context.weight(op.epsilon), 'int32_t', 'epsilon')}, "
        f"{context.constant(context.weight(op.table), role='roots')},\n"
        f"        {context.single(op.mean)}, "
        f"{context.learned(op.zero_point)}, {square_bits(count)}, {context.learned(op.shift)}}};\n"
        f"    puffer_edge_{kernel}({context.ref(op.x)}, &normal, {context.out(op.y)}, "
        f"{x.size // count}, {count});\n}}")
