# SPDX-License-Identifier: MIT
"""The page of a report."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

from markupsafe import Markup

from puffer_edge.page.player.building import Player
from puffer_edge.page.reading import Place
from puffer_edge.page.sections.boards import boards
from puffer_edge.page.sections.checks import checks, shield
from puffer_edge.page.sections.identity import identity
from puffer_edge.page.sections.layers import costs, errors, ranges
from puffer_edge.page.sections.memory import memory
from puffer_edge.page.sections.playing import playing
from puffer_edge.page.sections.speed import speed
from puffer_edge.page.sections.verdict import verdict
from puffer_edge.templates import html_template

Sections = tuple[Callable[[Place], Markup], ...]
FIRST: Sections = (identity, boards, playing)
THEN: Sections = (ranges, errors, memory, costs, speed, checks, shield)
"""In the order of the page; the verdict stands above the first, the player before the others."""

SCRIPTS = ("page.js",)
PLAYER = ("environments.js", "random.js", "policy.js", "drawing.js", "game.js", "controls.js")


def render(report: Mapping[str, Any], player: Player | None = None) -> str:
    """A report as a page that needs nothing else.

    Args:
        report: what report.json holds.
        player: the policy that plays in the page, or why there is none.
    """
    place = Place(report)
    style = _read("style.css")
    player = player or Player()
    files = [*SCRIPTS, *(f"player/{name}" for name in PLAYER if player.data)]
    script = "\n".join(map(_read, files))
    return html_template("puffer_edge.page", "page.html.j2").render(
        title=f"{place['name'].text} on {place['target'].text}",
        verdict=verdict(place), first=[part(place) for part in FIRST],
        then=[part(place) for part in THEN],
        player=player, player_data=as_script_data(player.data),
        style=Markup(style), script=Markup(script),
        style_hash=_hash(style), script_hash=_hash(script))


def as_script_data(data: object) -> Markup:
    """Plain data for ``<script type="application/json">``: nothing in it ends the element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _read(name: str) -> str:
    return resources.files("puffer_edge.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """For the page's policy of content: nothing but this very text is a style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
