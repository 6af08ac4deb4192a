# SPDX-License-Identifier: MIT
"""C for MatMulInteger."""

from __future__ import annotations

from math import prod

from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.ir.ops import MatMulInteger


@emits(MatMulInteger)
def matmul_integer(op: MatMulInteger, context: Context) -> None:
    """A sum of products for every element, the operands scaled as those of arithmetic."""
    a, b = context.value(op.a).shape, context.value(op.b).shape
    sizes = prod(a[:-2]), a[-2], b[-1]
    count, rows, columns = a[-1], *sizes[1:]
    first, second = context.weight(op.factors).tolist()
    qparams = op.quantization
    context.use("binary_integer")
    loop = nest(
        sizes,
        "int32_t sum = 0;\n"
        f"for (int32_t t = 0; t < {count}; ++t) {{{{\n"
        f"    sum += puffer_edge_binary_a(({context.ref(op.a)})[{{a}} + t], &p) *\n"
        f"           puffer_edge_binary_b(({context.ref(op.b)})[{{b}} + {columns} * t], &p);\n"
        "}}\n"
        f"({context.out(op.y)})[{{y}}] = ({C_TYPES[op.dtype]})puffer_edge_binary_result(sum, &p);",
        {"y": [rows * columns, columns, 1], "a": [rows * count, count, 0],
         "b": [count * columns, 0, 1]})
    context.line(
        "{\n"
        f"    static const puffer_edge_binary_t p = {{\n"
        f"        {context.learned(*first, *second)},\n"
        f"        {context.single(op.output)}, "
        f"{context.span(qparams)}}};\n"
        + "\n".join("    " + line for line in loop.splitlines()) + "\n}")
