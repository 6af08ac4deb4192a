# SPDX-License-Identifier: MIT
"""The table as a picture: return over flash, an SVG without any library."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

from puffer_edge.fitting.result import Fitted, Row

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 70, 30, 20, 50
COLOURS = {"best": "#0a7d33", "front": "#1f5fbf", "other": "#999999"}


def plot(fitted: Fitted) -> str:
    """An SVG: a dot per candidate that was judged, with the interval of its return."""
    rows = [row for row in fitted.rows if row.price is not None and row.mean is not None]
    if not rows:
        return _svg('<text x="20" y="40">no candidate was judged</text>')
    flash = [row.price.flash for row in rows if row.price is not None]
    ends = [end for row in rows for end in _ends(row)] + (
        [] if fitted.offline else [fitted.margin.teacher])
    across = _Scale(math.log2(min(flash)), math.log2(max(flash)), LEFT, WIDTH - RIGHT)
    up = _Scale(min(ends), max(ends), HEIGHT - BOTTOM, TOP)
    parts = [_axis(min(flash), max(flash), min(ends), max(ends), fitted.offline)]
    if not fitted.offline:
        y = up(fitted.margin.teacher)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                     f'stroke="#bb3333" stroke-dasharray="4 3"/><text x="{WIDTH - RIGHT}" '
                     f'y="{y - 4:.1f}" text-anchor="end" fill="#bb3333">teacher</text>')
    for row in rows:
        assert row.price is not None and row.mean is not None
        kind = "best" if fitted.best is not None and row.name == fitted.best.name else (
            "front" if row.front else "other")
        x, low, high = across(math.log2(row.price.flash)), *map(up, _ends(row))
        colour = COLOURS[kind]
        parts.append(
            f'<g fill="{colour}" stroke="{colour}"><line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" '
            f'y2="{high:.1f}"/><circle cx="{x:.1f}" cy="{up(row.mean):.1f}" r="4">'
            f'<title>{escape(row.name)}: {row.price.flash:,} bytes, {row.mean:.6g}</title>'
            f'</circle></g>')
        if kind != "other":
            parts.append(f'<text x="{x + 6:.1f}" y="{up(row.mean) + 14:.1f}" fill="{colour}">'
                         f'{escape(row.name)}</text>')
    return _svg("".join(parts))


def _ends(row: Row) -> tuple[float, float]:
    assert row.mean is not None
    return row.interval or (row.mean, row.mean)


class _Scale:
    """From numbers to places in the picture, with some room at either end."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        room = (high - low) * 0.08 or 1.0
        self._low, self._high = low - room, high + room
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)


def _axis(least: float, most: float, low: float, high: float, offline: bool) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    what = "agreement" if offline else "return"
    return (f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#333"/>'
            f'<text x="{LEFT}" y="{bottom + 18}">{least:,.0f}</text>'
            f'<text x="{right}" y="{bottom + 18}" text-anchor="end">{most:,.0f}</text>'
            f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 10}" text-anchor="middle">'
            f'bytes of flash</text>'
            f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">{low:.5g}</text>'
            f'<text x="{LEFT - 6}" y="{TOP + 10}" text-anchor="end">{high:.5g}</text>'
            f'<text x="{LEFT - 6}" y="{(TOP + bottom) / 2}" text-anchor="end">{what}</text>')


def _svg(content: str) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="sans-serif" font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" '
            f'fill="#fff"/>{content}</svg>\n')
