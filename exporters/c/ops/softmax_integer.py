# SPDX-License-Identifier: MIT
"""C for SoftmaxInteger."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import SoftmaxInteger


@emits(SoftmaxInteger)
def softmax_integer(op: SoftmaxInteger, context: Context) -> None:
    """One call over [outer, size, inner]."""
    x = context.value(op.x)
    kernel = f"softmax_s{x.dtype[3:]}"
    context.use(kernel)
    context.line(
        "{\n"
        "    static const puffer_edge_softmax_t softmax = {\n"
        f"        {context.constant(context.weight(op.powers), role='powers')}, "
        f"{context.constant(context.weight(op.reciprocals), role='reciprocals')}, "
        f"{context.learned(op.multiplier, op.shift)}}};\n"
        f"    puffer_edge_{kernel}({context.ref(op.x)}, &softmax, {context.out(op.y)}, "
        f"{prod(x.shape[: op.axis])}, {x.shape[op.axis]}, {prod(x.shape[op.axis + 1 :])});\n}}")
