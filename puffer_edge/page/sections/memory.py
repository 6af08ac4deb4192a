# SPDX-License-Identifier: MIT
"""The arena over a step: which value lives where, and when."""

from __future__ import annotations

from markupsafe import Markup

from puffer_edge.page import svg
from puffer_edge.page.markup import figure, section, table
from puffer_edge.page.reading import Place


def memory(report: Place) -> Markup:
    """A box per value."""
    arena = report["memory_map"]
    if not arena["values"]:
        return Markup("")
    rows = [svg.Life(row["name"].text, row["offset"], row["bytes"], row["first"], row["last"],
                     str(row["kind"].value)) for row in arena["values"]]
    behind = table("Values in the arena", ["Value", "Kind", "At byte", "Bytes", "From operation",
                                           "To operation"],
                   [[row["name"], row["kind"], row["offset"], row["bytes"], row["first"],
                     row["last"]] for row in arena["values"]], numeric=2)
    return section("Memory map of the arena", figure(
        "Bytes of the arena over the operations of a step",
        svg.lives("Memory map", rows, len(arena["operations"]), arena["bytes"]), behind),
        anchor="memory")
