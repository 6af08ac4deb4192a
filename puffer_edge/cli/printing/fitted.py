# SPDX-License-Identifier: MIT
"""Which boards a policy fits on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import say

if TYPE_CHECKING:
    from puffer_edge.sizing import Row

COLOURS = {"fits": "green", "nearly": "yellow", "does not fit": "red", "not known": "cyan"}


def fitted(rows: Sequence[Row]) -> None:
    """Prints a table per scheme."""
    for scheme in dict.fromkeys(row.scheme for row in rows):
        table = Table(title=scheme, title_justify="left")
        for column in ("board", "flash", "RAM", "stack", "us per step", "period", ""):
            table.add_column(column, overflow="fold",
                             justify="left" if column in ("board", "") else "right")
        for row in rows:
            if row.scheme == scheme:
                table.add_row(row.board, ("" if row.built else "~") + f"{row.flash:,}",
                              f"{row.ram:,}", "-" if row.stack is None else f"{row.stack:,}",
                              _microseconds(row), "-" if row.share is None else
                              f"{100 * row.share:.3g} %", _verdict(row))
        say(table)
    say("flash and RAM: bytes, the stack in RAM; ~ was not built, as no such compiler is here or "
        "nothing would hold it. us per step: an estimate, without and with every wait, where the "
        "core has a model; only the integers of a Cortex-M4 are validated, `verify --board` tells.",
        soft_wrap=True)


def _verdict(row: Row) -> str:
    said = f"[{COLOURS[row.verdict]}]{row.verdict}[/]"
    if row.why:
        said += escape(f": {row.why}")
    return said + (escape(f"; fits with {row.change}") if row.change else "")


def _microseconds(row: Row) -> str:
    if row.microseconds is None:
        return "no model"
    least, most = row.microseconds
    return f"{least:,.0f} to {most:,.0f}"
