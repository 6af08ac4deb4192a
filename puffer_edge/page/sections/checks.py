# SPDX-License-Identifier: MIT
"""All checks, and how to repeat them; what a shield did under faults."""

from __future__ import annotations

from markupsafe import Markup

from puffer_edge.page.markup import Child, command, joined, section, table, tag
from puffer_edge.page.reading import Place

TITLES = {"faults": "Faults put before it, of each kind",
          "pairs": "Exchanged elements of the observation"}
MARKS = {"passed": "✓ passed", "failed": "✗ failed"}


def checks(report: Place) -> Markup:
    """A row per check, and the command that repeats all of them."""
    rows: list[list[Child]] = [
        [check["name"], tag("span", MARKS.get(check["verdict"].text, check["verdict"].text),
                            class_=f"mark {check['verdict'].text[:6]}"), check["detail"]]
        for check in report["checks"]]
    if not rows:
        return Markup("")
    tools = joined(*(part for index, name in enumerate(report["tools"].names())
                     for part in (", " if index else None, f"{name} ", report["tools"][name])))
    return section("Checks", tag("p", "This repeats all of them:"),
                   command(report["commands"]["verify"]),
                   table("Checks", ["Check", "Verdict", "Detail"], rows, numeric=9),
                   tag("p", "Tools: ", tools) if tools else None, anchor="checks")


def shield(report: Place) -> Markup:
    """What it looks at, and what it did under faults, as whatever plain figures were reported."""
    found = report["shield"]
    if not isinstance(found.value, dict):
        return Markup("")
    words = [tag("li", word) for word in found["words"] if not word.is_number]
    inner = [found[key] for key in found.names() if isinstance(found[key].value, dict)]
    rows: list[list[Child]] = [[key, place[key]] for place in (found, *inner)
                               for key in place.names()
                               if not isinstance(place[key].value, dict | list)]
    lists = [_records(TITLES.get(key, key), place[key]) for place in (found, *inner)
             for key in place.names() if isinstance(place[key].value, list)]
    return section("Shield", tag("ul", *words) if words else None,
                   *lists, table("Shield", ["What", "Value"], rows)
                   if rows else None, anchor="shield")


def _records(title: str, rows: Place) -> Markup:
    """A list of objects with the same keys."""
    first = rows[0]
    if not isinstance(first.value, dict):
        return Markup("")
    names = first.names()
    return table(title, names, [[row[name] for name in names] for row in rows])
