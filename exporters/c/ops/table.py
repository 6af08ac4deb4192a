# SPDX-License-Identifier: MIT
"""C for Table."""

from __future__ import annotations

from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import moved, nest
from puffer_edge.ir.ops import Table


@emits(Table)
def table(op: Table, context: Context) -> None:
    """One call, or a loop where no entry is that of 0."""
    x, entries = context.value(op.x), context.constant(context.weight(op.table),
                                                       role="lookup table")
    before, rest = divmod(-op.low, 1 << op.bits)  # entries before that of 0
    if rest == 0 and before >= 0:
        sizes = [f"s{dtype[3:]}" for dtype in dict.fromkeys((x.dtype, op.dtype))]
        kernel = f"table_{'_to_'.join(sizes)}"
        context.use(kernel)
        context.line(f"puffer_edge_{kernel}({context.ref(op.x)}, {moved(entries, before)}, "
                     f"{context.out(op.y)}, {x.size}, {op.bits});")
        return
    context.use("table")
    context.line(nest(
        [x.size],
        f"({context.out(op.y)})[{{i}}] = ({C_TYPES[op.dtype]})puffer_edge_table_lookup({entries}, "
        f"(int32_t)({context.ref(op.x)})[{{i}}] {'-' if op.low > 0 else '+'} {abs(op.low)}, "
        f"{op.bits});", {"i": [1]}))
