# SPDX-License-Identifier: MIT
"""What each back end took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import say

if TYPE_CHECKING:
    from puffer_edge.benchmarking import Measurement


def measured(policy: str, found: list[Measurement]) -> None:
    """Prints what each back end took."""
    table = Table(title=escape(policy), title_justify="left")
    for column in ("back end", "median us", "p99 us", "jitter us", "memory", "model", "ratio"):
        table.add_column(column, justify="left" if column == "back end" else "right")
    for row in found:
        if not row.missing:
            table.add_row(row.backend, f"{row.median:.2f}", f"{row.p99:.2f}", f"{row.jitter:.2f}",
                          "-" if row.memory is None else f"{row.memory / 1024:,.0f} KiB",
                          f"{row.size / 1024:,.1f} KiB",
                          "-" if row.ratio is None else f"{row.ratio:.2f}")
    say(table)
    say("ratio: onnxruntime's median over this one's; all behind Policy, one thread")
    for row in found:
        if row.missing:
            say(f"{row.backend}: {escape(row.missing)}")
