# SPDX-License-Identifier: MIT
"""Which boards it fits: flash, RAM and time against what is there."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from puffer_edge.page import svg
from puffer_edge.page.markup import Child, figure, joined, section, table, tag
from puffer_edge.page.reading import Place
from puffer_edge.verification.report import LABELS

SHOWN = 12
"""Rows of a picture; the table behind it has all."""


def boards(report: Place) -> Markup:
    """Bars per board of the core that was verified; doctor's rows in every scheme, if it ran."""
    return section("Which boards it fits", *_of_the_core(report["boards"]),
                   _measured(report["measurements"]),
                   _of_doctor(report["doctor"]), anchor="boards")


def _of_the_core(rows: Place) -> Sequence[Child]:
    if not rows:
        return []
    told = [row for row in rows if row["flash_left"]][:SHOWN]
    timed = [row for row in rows if row["microseconds"]][:SHOWN]
    behind = table("Boards with this core", ["Board", "Verdict", "Flash", "Left", "RAM and stack",
                                             "Left", "Least us", "Likely us", "Most us"],
                   [[row["title"], row["verdict"], row["flash"], row["flash_left"], row["ram"],
                     row["ram_left"], row["microseconds_least"], row["microseconds"],
                     row["microseconds_most"]] for row in rows], numeric=2)
    pictures = [
        svg.bars("Flash in bytes, of what the usual framework leaves",
                 [svg.Bar(row["title"].text, row["flash"], row["flash_left"]) for row in told]),
        svg.bars("RAM with the stack in bytes, of what the usual framework leaves",
                 [svg.Bar(row["title"].text, row["ram"], row["ram_left"])
                  for row in rows][:SHOWN])]
    if timed:
        pictures.append(svg.bars("Microseconds per step, estimated", [
            svg.Bar(row["title"].text, row["microseconds"]) for row in timed]))
    titles = ("Flash (bytes)", "RAM and stack (bytes)", "Time of a step (microseconds, estimated)")
    content = [tag("div", tag("p", tag("strong", title)), picture)
               for title, picture in zip(titles, pictures, strict=False)]
    return [figure("Boards with the core that was verified",
                   tag("div", *content, class_="beside"), behind)]


def _measured(found: Place) -> Markup:
    rows: list[list[Child]] = [[LABELS.get(key, key), found[key]] for key in found.names()]
    return tag("details", tag("summary", "All measurements"),
               table("What was measured", ["Measurement", "Value"], rows)) if rows else Markup("")


def _of_doctor(rows: Place) -> Markup:
    if not rows:
        return Markup("")
    return tag("details", tag("summary", "Every board in every scheme, by doctor"), table(
        "Every board in every scheme", ["Board", "Scheme", "Verdict", "Flash", "RAM", "Most us",
                                        "Why, and what helps"],
        [[row["board"], row["scheme"], row["verdict"], row["flash"], row["ram"],
          row["microseconds"][1] if row["microseconds"] else "-",
          joined(row["why"], " ", row["change"])] for row in rows], numeric=3, most=300))
