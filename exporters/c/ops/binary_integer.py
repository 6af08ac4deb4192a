# SPDX-License-Identifier: MIT
"""C for BinaryInteger."""

from __future__ import annotations

from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import broadcast_steps, nest, row_major
from puffer_edge.ir.ops import BinaryInteger


@emits(BinaryInteger)
def binary_integer(op: BinaryInteger, context: Context) -> None:
    """A loop nest over the broadcast shape."""
    shape = context.value(op.y).shape
    first, second = context.weight(op.factors).tolist()
    qparams = op.quantization
    context.use("binary_integer")
    loop = nest(
        shape, f"({context.out(op.y)})[{{y}}] = ({C_TYPES[op.dtype]})"
        f"puffer_edge_{op.function}_integer(\n"
        f"    ({context.ref(op.a)})[{{a}}], ({context.ref(op.b)})[{{b}}], &p);",
        {"y": row_major(shape), "a": broadcast_steps(context.value(op.a).shape, shape),
         "b": broadcast_steps(context.value(op.b).shape, shape)})
    context.line(
        "{\n"
        f"    static const puffer_edge_binary_t p = {{\n"
        f"        {context.learned(*first, *second)},\n"
        f"        {context.single(op.output)}, "
        f"{context.span(qparams)}}};\n"
        + "\n".join("    " + line for line in loop.splitlines()) + "\n}")
