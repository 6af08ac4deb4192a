# SPDX-License-Identifier: MIT
"""Pictures as inline SVG: bars, histograms, intervals, lives of values in memory.

Colours are classes of style.css, so that they follow light and dark. What a picture shows as text
is a number of the report; the table behind it has all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from puffer_edge.page.markup import shown, tag
from puffer_edge.page.reading import Place

WIDTH = 640


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart: ``length`` and ``limit`` in one unit, each shown beside it."""

    label: str | Markup
    length: Place
    limit: Place | None = None


def picture(title: str, text: str, height: float, *content: Markup) -> Markup:
    """An image with a title and a description for who cannot see it."""
    return tag("svg", tag("title", title), tag("desc", text), *content, role="img",
               viewBox=f"0 0 {WIDTH} {height:.0f}", xmlns="http://www.w3.org/2000/svg",
               aria_label=f"{title}. {text}")


def _short(label: str | Markup) -> str | Markup:
    return label if isinstance(label, Markup) else label[:30]


def bars(title: str, rows: Sequence[Bar], logarithmic: bool = False) -> Markup:
    """A bar per row, against its own limit, or all on one scale where there is none."""
    most = max([row.length.number for row in rows], default=0.0) or 1.0
    content = []
    for index, row in enumerate(rows):
        y = 6 + 24 * index
        limit = row.limit.number if row.limit is not None else most
        part = min(row.length.number / limit, 1.0) if limit > 0 else 0.0
        over = row.limit is not None and row.length.number > limit
        content += [
            tag("text", _short(row.label), x=190, y=y + 13, text_anchor="end"),
            tag("rect", x=198, y=y, width=300, height=18, class_="track"),
            tag("rect", x=198, y=y, width=f"{300 * part:.1f}", height=18,
                class_="over" if over else "bar"),
            tag("text", shown(row.length, "tspan"),
                *([tag("tspan", " of "), shown(row.limit, "tspan")] if row.limit else []),
                x=506, y=y + 13)]
    return picture(title, "A bar per row; the table behind has the numbers.",
                   12 + 24 * len(rows), *content)


def histogram(title: str, series: Sequence[tuple[str, Sequence[float]]], low: Place, high: Place
              ) -> Markup:
    """Counts of numbers in equal bins from ``low`` to ``high``, one row per series."""
    content = []
    for row, (label, counts) in enumerate(series):
        top, most = 8 + 74 * row, max(counts, default=0) or 1
        step = 440 / max(len(counts), 1)
        content.append(tag("text", label[:22], x=4, y=top + 40))
        for index, count in enumerate(counts):
            tall = 60 * count / most
            content.append(tag("rect", x=f"{150 + index * step:.1f}", y=f"{top + 60 - tall:.1f}",
                               width=f"{max(step - 1, 0.5):.1f}", height=f"{tall:.1f}",
                               class_=f"series{row}"))
        content.append(tag("line", x1=150, x2=590, y1=top + 60, y2=top + 60, class_="axis"))
    bottom = 8 + 74 * len(series) + 8
    content += [shown(low, "text", x=150, y=bottom),
                shown(high, "text", x=590, y=bottom, text_anchor="end")]
    return picture(title, "Bins from the smallest to the largest.", bottom + 8, *content)


@dataclass(frozen=True)
class Span:
    """A row of ranges: what there was, inside of what there may be, inside of a proof's bound."""

    label: str
    seen: tuple[Place, Place]
    allowed: tuple[Place, Place]
    counts: Sequence[float] = ()
    bound: tuple[Place, Place] | None = None


def spans(title: str, rows: Sequence[Span]) -> Markup:
    """A row per value, each on a scale of its own, from the widest of its ranges' ends."""
    content = []
    for index, row in enumerate(rows):
        y = 4 + 30 * index
        ends = [end.number for pair in (row.seen, row.allowed) for end in pair]
        low, high = min(ends), max(ends)
        room = (high - low) or 1.0

        def at(value: float, low: float = low, room: float = room) -> float:
            return 250 + 280 * (value - low) / room

        start, end = (at(each.number) for each in row.allowed)
        content += [tag("text", row.label[:30], x=160, y=y + 17, text_anchor="end"),
                    shown(row.allowed[0], "text", x=244, y=y + 17, text_anchor="end"),
                    shown(row.allowed[1], "text", x=536, y=y + 17),
                    tag("rect", x=f"{start:.1f}", y=y + 2, width=f"{max(end - start, 0.5):.1f}",
                        height=22, class_="track")]
        first, last = (at(each.number) for each in row.seen)
        most, step = max(row.counts, default=0) or 1, (last - first) / max(len(row.counts), 1)
        for place, count in enumerate(row.counts):
            tall = 22 * count / most
            content.append(tag("rect", x=f"{first + place * step:.1f}", y=f"{y + 24 - tall:.1f}",
                               width=f"{max(step, 0.5):.1f}", height=f"{tall:.1f}", class_="bar"))
        if not row.counts:
            content.append(tag("rect", x=f"{first:.1f}", y=y + 8, height=10, class_="bar",
                               width=f"{max(last - first, 0.5):.1f}"))
    return picture(title, "What was seen inside of what the integers stand for.",
                   10 + 30 * len(rows), *content)


@dataclass(frozen=True)
class Life:
    """A value in memory: bytes from ``offset`` on, from one operation of the step to another."""

    label: str
    offset: Place
    size: Place
    first: Place
    last: Place
    kind: str


def lives(title: str, rows: Sequence[Life], steps: int, size: Place) -> Markup:
    """Memory upwards, the step's operations to the right."""
    tall, most = 220.0, size.number or 1.0
    width = 560 / max(steps, 1)
    content = [tag("rect", x=60, y=8, width=560, height=tall, class_="track"),
               shown(size, "text", x=54, y=18, text_anchor="end"),
               tag("text", "operations of the step", x=60, y=tall + 24)]
    for row in rows:
        x = 60 + width * max(row.first.number, 0)
        wide = width * (row.last.number - max(row.first.number, 0) + 1)
        height = tall * row.size.number / most
        y = 8 + tall - tall * row.offset.number / most - height
        box = tag("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{max(wide - 1, 1):.1f}",
                  height=f"{max(height - 0.5, 0.5):.1f}", class_=row.kind)
        text = tag("text", row.label[: max(int(wide / 7), 0)], x=f"{x + 3:.1f}",
                   y=f"{y + height / 2 + 4:.1f}") if height > 11 and wide > 24 else None
        content.append(tag("g", tag("title", row.label), box, text))
    return picture(title, "A box per value: its bytes upwards, its life to the right.", tall + 34,
                   *content)
