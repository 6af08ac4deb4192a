# SPDX-License-Identifier: MIT
"""C for LayerNormalization."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.text import number
from puffer_edge.ir.ops import LayerNormalization


@emits(LayerNormalization)
def layer_normalization(op: LayerNormalization, context: Context) -> None:
    """One call over all rows."""
    x = context.value(op.x)
    scale = context.weight(op.scale)
    context.use("layer_normalization_f32")
    context.line(
        f"puffer_edge_layer_normalization_f32({context.ref(op.x)}, "
        f"{context.constant(scale, role='scale')}, "
        f"{context.optional(op.bias)}, {context.out(op.y)}, {x.size // scale.size}, {scale.size}, "
        f"{number(op.epsilon)});")
