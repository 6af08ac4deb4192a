# SPDX-License-Identifier: MIT
"""C for Binary."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import broadcast_steps, nest, row_major
from puffer_edge.ir.ops import Binary

_EXPRESSIONS = {
    "add": "{a} + {b}",
    "sub": "{a} - {b}",
    "mul": "{a} * {b}",
    "div": "{a} / {b}",
    "min": "{a} < {b} ? {a} : {b}",
    "max": "{a} > {b} ? {a} : {b}",
}


@emits(Binary)
def binary(op: Binary, context: Context) -> None:
    """A loop nest over the broadcast shape."""
    shape = context.value(op.y).shape
    a = f"({context.ref(op.a)})[{{a}}]"
    b = f"({context.ref(op.b)})[{{b}}]"
    context.line(nest(
        shape, f"({context.out(op.y)})[{{y}}] = {_EXPRESSIONS[op.function].format(a=a, b=b)};",
        {"y": row_major(shape), "a": broadcast_steps(context.value(op.a).shape, shape),
         "b": broadcast_steps(context.value(op.b).shape, shape)}))
