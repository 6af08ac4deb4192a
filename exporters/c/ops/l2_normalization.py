# SPDX-License-Identifier: MIT
"""C for L2Normalization."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.text import number
from puffer_edge.ir.ops import L2Normalization


@emits(L2Normalization)
def l2_normalization(op: L2Normalization, context: Context) -> None:
    """One call over all rows."""
    x = context.value(op.x)
    count = prod(x.shape[op.axis :])
    context.use("l2_normalization_f32")
    context.line(
        f"puffer_edge_l2_normalization_f32({context.ref(op.x)}, {context.out(op.y)}, "
        f"{x.size // count}, {count}, {number(float(count) if op.mean else 1.0)}, "
        f"{number(op.epsilon)}, {number(op.floor)});")
