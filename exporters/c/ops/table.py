"""C for Table."""

from __future__ import annotations

from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.ir.ops import Table


@emits(Table)
def table(op: Table, context: Context) -> None:
    """A loop over all elements."""
    entries = context.constant(context.weight(op.table), role="lookup table")
    context.use("table")
    position = f"({context.ref(op.x)})[{{i}}]"
    if op.low:  # where int has 16 bits the difference may have more
        position = f"(int32_t){position}"
        position += f" - {op.low}" if op.low > 0 else f" + {-op.low}"
    context.line(nest(
        [context.value(op.x).size],
        f"({context.out(op.y)})[{{i}}] = ({C_TYPES[op.dtype]})puffer_edge_table_lookup("
        f"{entries}, {position}, {op.bits});", {"i": [1]}))
