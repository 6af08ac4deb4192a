# SPDX-License-Identifier: MIT
"""A report of verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import COLOURS, notes, say

if TYPE_CHECKING:
    from puffer_edge.verification.report import Report


def verified(report: Report) -> None:
    """Prints a report."""
    from puffer_edge.verification.report import LABELS, shown

    title = (f"{report.name} on {report.target}, {report.toolchain} {report.optimize}, "
             f"{report.emulator}")
    table = Table(title=escape(title), title_justify="left")
    table.add_column("check")
    table.add_column("verdict")
    table.add_column("detail", overflow="fold")
    for check in report.checks:
        table.add_row(check.name, f"[{COLOURS[check.verdict]}]{check.verdict}[/]",
                      escape(check.detail))
    say(table)
    figures = Table(show_header=False)
    figures.add_column()
    figures.add_column(justify="right")
    for key, value in report.measurements.items():
        figures.add_row(LABELS.get(key, key), shown(value))
    say(figures)
    notes(report.notes)
    if report.reading:
        say(f"second reader: {escape(report.reading)}", soft_wrap=True)
    for check in report.undecided:
        say(f"[{COLOURS[check.verdict]}]not judged:[/] "
                       f"{escape(f'{check.name}: {check.detail}')}", soft_wrap=True)
    say("[bold red]not verified[/]" if not report.passed else
                   "[bold yellow]verified, but for what was not judged[/]" if report.undecided else
                   "[bold green]verified[/]")
