# SPDX-License-Identifier: MIT
"""What firmware wrote, and what a board said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import say

if TYPE_CHECKING:
    from puffer_edge.firmware.flash import Flashed
    from puffer_edge.firmware.renewing import Written


def firmware(directory: Path, done: Written) -> None:
    """Prints what firmware wrote."""
    say(escape(f"{directory}: {', '.join(done.files)}"), soft_wrap=True)
    if done.kept:
        say(escape(f"yours, left as they are: {', '.join(done.kept)}"), soft_wrap=True)
    say(f"next: [bold]{escape(done.then)}[/]", soft_wrap=True)


def flash_plan(title: str, port: str, sizes: Mapping[str, int]) -> None:
    """Prints what flash would copy."""
    table = Table(title=escape(f"to {title} on {port or 'its port'}"), title_justify="left")
    table.add_column("file")
    table.add_column("bytes", justify="right")
    for name, size in sizes.items():
        table.add_row(escape(name), f"{size:,}")
    say(table)
    say("main.py only where there is none; then the self-test would run")


def flashed(title: str, done: Flashed) -> None:
    """Prints what the board said."""
    say(escape(f"{title} on {done.port}"))
    say("self-test: good" if not done.wrong else
               f"self-test: {done.wrong} steps gave other numbers")
    if done.microseconds is not None:
        say(f"one step: {done.microseconds:,} microseconds")
    say("main.py: an example" if done.example else "main.py: yours, left alone")
