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
    from puffer_edge.sizing import Comparison
    from puffer_edge.verification.estimating import Estimate


def firmware(directory: Path, done: Written, told: Estimate | None, missing: str) -> None:
    """Prints what firmware wrote, and what its example will print of time."""
    say(escape(f"{directory}: {', '.join(done.files)}"), soft_wrap=True)
    if done.kept:
        say(escape(f"yours, left as they are: {', '.join(done.kept)}"), soft_wrap=True)
    say(escape(told.text if told else f"no estimate of a step's time: {missing or 'no model'}"),
        soft_wrap=True)
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
    say(f"copied: {escape(', '.join(done.copied)) or 'nothing, all files are there'}")
    say("self-test: good" if not done.wrong else
               f"self-test: {done.wrong} steps gave other numbers")
    if done.microseconds is not None:
        say(f"one step: {done.microseconds:,} microseconds, measured; of MicroPython there is no "
            "estimate")
    say("main.py: an example" if done.example else "main.py: yours, left alone")


def reported(found: Comparison) -> None:
    """Prints what a board measured beside what was estimated."""
    if found.selftest is not None:
        say("self-test: good" if not found.selftest else
            f"self-test: {found.selftest} steps gave other numbers")
    say(f"measured: a step takes {found.typical:,} {found.unit}, the longest {found.longest:,}")
    if found.estimated is None or found.off is None:
        say("estimated: nothing; give the artefact and --board")
        return
    least, most = found.estimated
    where = ("within" if not found.off else
             f"the measured time is {100 * abs(found.off):.3g} % "
             + ("above the most" if found.off > 0 else "below the least"))
    say(f"estimated: {least:,} to {most:,} {found.unit}: {where}")
