# SPDX-License-Identifier: MIT
"""C for Softmax."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import Softmax


@emits(Softmax)
def softmax(op: Softmax, context: Context) -> None:
    """One call over [outer, size, inner]."""
    shape = context.value(op.x).shape
    context.use("softmax_f32")
    context.line(f"puffer_edge_softmax_f32({context.ref(op.x)}, {context.out(op.y)}, "
                 f"{prod(shape[: op.axis])}, {shape[op.axis]}, {prod(shape[op.axis + 1 :])});")
