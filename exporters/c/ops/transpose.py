# SPDX-License-Identifier: MIT
"""C for Transpose."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest, row_major
from puffer_edge.ir.ops import Transpose


@emits(Transpose)
def transpose(op: Transpose, context: Context) -> None:
    """A loop nest over the output."""
    steps = row_major(context.value(op.x).shape)
    shape = context.value(op.y).shape
    context.line(nest(
        shape, f"({context.out(op.y)})[{{y}}] = ({context.ref(op.x)})[{{x}}];",
        {"y": row_major(shape), "x": [steps[axis] for axis in op.permutation]}))
