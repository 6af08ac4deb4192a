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

WIDTH = 400
"""So that a phone shows it in its own size; rows have their text above them."""


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
    return label if isinstance(label, Markup) else label[:40]


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """A bar per row, against its own limit, or all on one scale where there is none."""
    most = max([row.length.number for row in rows], default=0.0) or 1.0
    content = []
    for index, row in enumerate(rows):
        y = 34 * index
        limit = row.limit.number if row.limit is not None else most
        part = min(row.length.number / limit, 1.0) if limit > 0 else 0.0
        over = row.limit is not None and row.length.number > limit
        content += [
            tag("text", _short(row.label), x=0, y=y + 12),
            tag("text", shown(row.length, "tspan"),
                *([tag("tspan", " of "), shown(row.limit, "tspan")] if row.limit else []),
                x=WIDTH, y=y + 12, text_anchor="end"),
            tag("rect", x=0.5, y=y + 16, width=WIDTH - 1, height=9, class_="track"),
            tag("rect", x=0.5, y=y + 16, width=f"{(WIDTH - 1) * part:.1f}", height=9,
                class_="over" if over else "bar")]
    return picture(title, "A bar per row; the table behind has the numbers.",
                   34 * len(rows), *content)


def histogram(title: str, series: Sequence[tuple[str, Sequence[float]]], low: Place, high: Place
              ) -> Markup:
    """Counts of numbers in equal bins from ``low`` to ``high``, one row per series."""
    content = []
    for row, (label, counts) in enumerate(series):
        top, most = 84 * row, max(counts, default=0) or 1
        step = WIDTH / max(len(counts), 1)
        content.append(tag("text", label[:40], x=0, y=top + 12))
        for index, count in enumerate(counts):
            tall = 60 * max(count, 0) / most
            content.append(tag("rect", x=f"{index * step:.1f}", y=f"{top + 78 - tall:.1f}",
                               width=f"{max(step - 1, 0.5):.1f}", height=f"{tall:.1f}",
                               class_=f"series{row}"))
        content.append(tag("line", x1=0, x2=WIDTH, y1=top + 78, y2=top + 78, class_="axis"))
    bottom = 84 * len(series) + 8
    content += [shown(low, "text", x=0, y=bottom),
                shown(high, "text", x=WIDTH, y=bottom, text_anchor="end")]
    return picture(title, "Bins from the smallest to the largest.", bottom + 6, *content)


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
        y = 50 * index
        ends = [end.number for pair in (row.seen, row.allowed) for end in pair]
        low, room = min(ends), (max(ends) - min(ends)) or 1.0
        start, end, first, last = (
            0.5 + (WIDTH - 1) * (each.number - low) / room for each in (*row.allowed, *row.seen))
        content += [tag("text", row.label[:30], x=0, y=y + 12),
                    tag("text", shown(row.allowed[0], "tspan"), tag("tspan", " to "),
                        shown(row.allowed[1], "tspan"), x=WIDTH, y=y + 12, text_anchor="end"),
                    tag("rect", x=f"{start:.1f}", y=y + 16, width=f"{max(end - start, 0.5):.1f}",
                        height=24, class_="track")]
        counts = row.counts or [1.0]
        most, step = max(counts) or 1, (last - first) / len(counts)
        for place, count in enumerate(counts):
            tall = 24 * max(count, 0) / most
            content.append(tag("rect", x=f"{first + place * step:.1f}", y=f"{y + 40 - tall:.1f}",
                               width=f"{max(step, 0.5):.1f}", height=f"{tall:.1f}", class_="bar"))
    return picture(title, "What was recorded, inside of what the integers stand for.",
                   50 * len(rows), *content)


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
    tall, most, width = 200.0, size.number or 1.0, WIDTH / max(steps, 1)
    content = [tag("text", shown(size, "tspan"), tag("tspan", " bytes"), x=0, y=12),
               tag("rect", x=0.5, y=18, width=WIDTH - 1, height=tall, class_="track"),
               tag("text", "operations of the step, in order", x=WIDTH, y=tall + 32,
                   text_anchor="end")]
    for row in rows:
        x = width * max(row.first.number, 0)
        wide = width * (row.last.number - max(row.first.number, 0) + 1)
        height = tall * row.size.number / most
        y = 18 + tall - tall * row.offset.number / most - height
        box = tag("rect", x=f"{x + 0.5:.1f}", y=f"{y:.1f}", width=f"{max(wide - 1, 1):.1f}",
                  height=f"{max(height - 0.5, 0.5):.1f}", class_=row.kind)
        text = tag("text", row.label[: max(int(wide / 8), 0)], x=f"{x + 4:.1f}",
                   y=f"{y + height / 2 + 4:.1f}") if height > 12 and wide > 32 else None
        content.append(tag("g", tag("title", row.label), box, text))
    return picture(title, "A box per value: its bytes upwards, its life to the right.", tall + 38,
                   *content)
