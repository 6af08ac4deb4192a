# SPDX-License-Identifier: MIT
"""Episodes, and how they compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import COLOURS, say

if TYPE_CHECKING:
    from puffer_edge.playing import Match


def played(policy: str, compared: str, environment: str, match: Match) -> None:
    """Prints returns, and how they compare."""
    table = Table(title=escape(environment), title_justify="left")
    for column in ("policy", "episodes", "mean return", "95 % interval", "min", "max"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    rows = [(policy, match.ours)] + ([] if match.theirs is None else [(compared, match.theirs)])
    for name, episodes in rows:
        low, high = episodes.interval
        table.add_row(escape(name), str(len(episodes.returns)), f"{episodes.mean:.6g}",
                      f"{low:.6g} .. {high:.6g}", f"{episodes.returns.min():.6g}",
                      f"{episodes.returns.max():.6g}")
    say(table)
    _played_by(match, policy, compared)
    if match.theirs is None:
        return
    low, high = match.difference
    say(f"paired difference {low:.6g} .. {high:.6g}, equal actions "
                   f"{match.ours.agreement:.2%}")
    for failure in match.failures:
        say(f"[{COLOURS['failed']}]failed:[/] {escape(failure)}")
    if not match.failures:
        say(f"[{COLOURS['passed']}]passed[/]")


def _played_by(match: Match, policy: str, compared: str) -> None:
    """Which code played, and what the comparison cannot see."""
    for name, backend in zip((policy, compared), match.backends, strict=False):
        how = {"native": "its C code, compiled for this computer (native)",
               "numpy": "the interpreter in numpy, which gives the bits of the C code; the C code "
                        "itself did not run (it needs a compiler and cffi: pip install cffi)",
               }.get(backend, backend)
        say(escape(f"{name} played by {how}"))
    if match.theirs is not None:
        say(escape(f"{compared} is what puffer-edge reads in it, in float32; the "
                              "trainer's own code has no part in this comparison"))
    for text in match.shared:
        say(f"[{COLOURS['assumed']}]both assume:[/] {escape(text)}")
