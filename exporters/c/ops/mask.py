# SPDX-License-Identifier: MIT
"""C for Mask."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.ir.ops import Mask

SUFFIXES = {"float32": "f32", "int8": "s8", "int16": "s16"}


@emits(Mask)
def mask(op: Mask, context: Context) -> None:
    """A loop over the choices, without a branch."""
    kernel = f"mask_{SUFFIXES[context.value(op.x).dtype]}"
    context.use(kernel)
    limit = "0.5f" if context.value(op.mask).dtype == "float32" else "1"
    allowed = f"({context.ref(op.mask)})[{{i}}] {'<' if op.forbids else '>='} {limit}"
    context.line(nest(
        [context.value(op.x).size],
        f"({context.out(op.y)})[{{i}}] = puffer_edge_{kernel}("
        f"({context.ref(op.x)})[{{i}}], {allowed});",
        {"i": [1]}))
