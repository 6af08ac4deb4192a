# SPDX-License-Identifier: MIT
"""What each back end took on a computer: bench's rows."""

from __future__ import annotations

from markupsafe import Markup

from puffer_edge.page import svg
from puffer_edge.page.markup import command, figure, joined, section, table
from puffer_edge.page.reading import Place


def speed(report: Place) -> Markup:
    """A bar per back end that ran."""
    rows = [row for row in report["bench"]["rows"] if not row["missing"]]
    if not rows:
        return Markup("")
    return section("On this computer", figure(
        "Median of a step in microseconds",
        svg.bars("Median microseconds", [svg.Bar(row["backend"].text, row["median"])
                                         for row in rows]),
        table("Back ends", ["Back end", "Median us", "99th percentile us", "Jitter us"],
              [[row["backend"], row["median"], row["p99"], row["jitter"]] for row in rows])),
        joined(command(report["bench"]["command"])), anchor="speed")
