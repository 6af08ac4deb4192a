# SPDX-License-Identifier: MIT
"""What a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from puffer_edge.cli.printing.console import say

if TYPE_CHECKING:
    from puffer_edge.fitting import Fitted, Row
    from puffer_edge.sizing import Price


def printed(found: Fitted) -> None:
    """Prints the table of candidates and the verdict."""
    disturbances = [name for name in found.teacher if name]
    table = Table(title="candidates", title_justify="left")
    for column in ("", "flash", "RAM", "us", "agreement" if found.offline else "return",
                   *disturbances, ""):
        table.add_column(column, overflow="fold", justify="right" if column else "left")
    for row in found.rows:
        if row.mean is None:
            continue
        table.add_row(escape(row.name), *_price(row.price), _mean(row),
                      *(_number(row.disturbed.get(name)) for name in disturbances),
                      _verdict(row, found))
    if found.offline:
        table.add_row("the policy itself", *_price(found.price), "", "")
    else:
        table.add_row("the policy itself", *_price(found.price), f"{found.margin.teacher:.6g}",
                      *(_number(found.teacher[name]) for name in disturbances), "")
    say(table)
    left_out = sum(row.mean is None for row in found.rows)
    if left_out:
        say(f"{left_out} others have no room or no form, and were not made; --json has them")
    say("flash: code and weights; RAM with the stack; ~ is a guess by the number of instructions. "
        + ("Judged by agreement with the policy over recorded data: nothing was played."
           if found.offline else "Returns with their 95 % intervals; noise: 5 % of each feature's "
           "deviation, delay: actions come a step late, drops: 10 % of the actions are held."),
        soft_wrap=True)
    best = found.best
    if best is None:
        say("[bold red]no candidate that fits plays as well:[/] search longer with --trials, allow "
            "more with --tolerance, or give it more room", soft_wrap=True)
        return
    if best.verdict is not None:
        verdict = best.verdict
        say(f"[green]{escape(best.name)}[/]: {verdict.mean:.6g} over {verdict.episodes} new seeds, "
            f"the policy itself {verdict.teacher:.6g}; lower end of the difference "
            f"{verdict.bound:.4g}, wanted above {verdict.allowed:.4g}", soft_wrap=True)
    say(f"exported and verified: {escape(str(found.directory))}", soft_wrap=True)


def _price(price: Price | None) -> tuple[str, str, str]:
    if price is None:
        return "-", "-", "-"
    time = price.microseconds
    guess = "" if price.modelled else "~"
    return (f"{price.flash:,}", f"{price.ram:,}",
            "-" if time is None else f"{guess}{time:,.1f}")


def _mean(row: Row) -> str:
    if row.mean is None:
        return "-"
    if row.interval is None:
        return f"{row.mean:.4g}"
    return f"{row.mean:.5g} ({row.interval[0]:.5g} to {row.interval[1]:.5g})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def _verdict(row: Row, found: Fitted) -> str:
    if found.best is not None and row.name == found.best.name:
        return "[green]best[/]"
    if row.verdict is not None and not row.verdict.passed:
        return "[yellow]inferior on new seeds[/]"
    return escape(row.why) or ("on the front" if row.front else "")
