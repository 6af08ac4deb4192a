# SPDX-License-Identifier: MIT
"""A badge of a verdict: a small picture for a README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puffer_edge.page.markup import tag

VERDICTS = {"verified": "#0a6b2d", "failed": "#b3261e", "not judged": "#7a4f00"}
"""Words and their colours, all dark enough for white text."""


def badge(report: Mapping[str, Any]) -> str:
    """An SVG that needs no other file.

    Args:
        report: what report.json holds.
    """
    word = ("verified" if report["judged"] else "not judged") if report["passed"] else "failed"
    wide, label = 7 * len(word) + 16, 86
    return str(tag(
        "svg", tag("title", f"puffer-edge: {report['name']} on {report['target']} {word}"),
        tag("rect", width=label, height=20, fill="#3b4148"),
        tag("rect", x=label, width=wide, height=20, fill=VERDICTS[word]),
        tag("g", tag("text", "puffer-edge", x=8, y=14), tag("text", word, x=label + 8, y=14),
            fill="#fff", font_family="Verdana,sans-serif", font_size=11),
        xmlns="http://www.w3.org/2000/svg", width=label + wide, height=20, role="img",
        aria_label=f"puffer-edge: {word}")) + "\n"
