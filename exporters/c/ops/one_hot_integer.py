# SPDX-License-Identifier: MIT
"""C for OneHotInteger."""

from __future__ import annotations

from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.ir.ops import OneHotInteger


@emits(OneHotInteger)
def one_hot_integer(op: OneHotInteger, context: Context) -> None:
    """A loop over all elements and classes."""
    context.line(nest(
        [context.value(op.x).size, op.classes],
        f"({context.out(op.y)})[{{i}}] = ({C_TYPES[op.dtype]})("
        f"({context.ref(op.x)})[{{j}}] == {{k}} ? {op.quantization.high} : 0);",
        {"i": [op.classes, 1], "j": [1, 0], "k": [0, 1]}))
