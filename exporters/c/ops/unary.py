# SPDX-License-Identifier: MIT
"""C for Unary, and for activations fused into other ops."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.exporters.c.text import number
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Unary


@emits(Unary)
def unary(op: Unary, context: Context) -> None:
    """A loop over all elements."""
    _apply(op.function, context.ref(op.x), context.out(op.y), context.value(op.y).size, context)


def apply_in_place(activation: Activation | None, name: str, size: int, context: Context) -> None:
    """Applies a fused activation to a value that was just written; nothing for None."""
    if activation is not None:
        _apply(activation, context.out(name), context.out(name), size, context)


def _apply(activation: Activation, x: str, y: str, size: int, context: Context) -> None:
    context.use(f"{activation.function}_f32")
    parameters = "".join(f", {number(p)}" for p in activation.parameters)
    call = f"puffer_edge_{activation.function}_f32(({x})[{{x}}]{parameters})"
    context.line(nest([size], f"({y})[{{y}}] = {call};", {"y": [1], "x": [1]}))


def is_relu(activation: Activation | None) -> bool:
    """Whether kernels for computers take it along."""
    return activation is not None and activation.function == "relu"
