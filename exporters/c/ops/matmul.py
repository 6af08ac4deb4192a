# SPDX-License-Identifier: MIT
"""C for MatMul."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import MatMul


@emits(MatMul)
def matmul(op: MatMul, context: Context) -> None:
    """One call for all batches."""
    a, b = context.value(op.a).shape, context.value(op.b).shape
    context.use("matmul_f32")
    context.line(f"puffer_edge_matmul_f32({context.ref(op.a)}, {context.ref(op.b)}, "
                 f"{context.out(op.y)}, {prod(a[:-2])}, {a[-2]}, {a[-1]}, {b[-1]});")
