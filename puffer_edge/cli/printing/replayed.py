# SPDX-License-Identifier: MIT
"""What came of a log."""

from __future__ import annotations

from rich.markup import escape

from puffer_edge.cli.printing.console import say
from puffer_edge.logs import Replay

SHOWN = 20
"""Damages that are listed."""


def shown(found: Replay) -> None:
    """Prints it."""
    for damage in found.damages[:SHOWN]:
        say(f"[yellow]damaged:[/] {escape(damage)}", soft_wrap=True)
    if len(found.damages) > SHOWN:
        say(f"and {len(found.damages) - SHOWN:,} more")
    if found.steps == 0:
        say("the log is empty")
        return
    say(f"{found.steps:,} steps, {found.first} to {found.last}: "
        f"{found.equal:,} are the oracle's in every bit")
    if found.untaken:
        say(f"{found.untaken:,} were not taken: the shield found faults in the observation")
    if found.skipped:
        say(f"{found.skipped:,} could not be computed: no state and no reset lies before them")
    if found.difference:
        say(f"[bold red]differs:[/] {escape(str(found.difference))}", soft_wrap=True)
        if found.difference.hint:
            say(f"hint: {escape(found.difference.hint)}", soft_wrap=True)
