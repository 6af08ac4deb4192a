# SPDX-License-Identifier: MIT
"""Finding what a user names: any case, other names of the same thing, and the nearest otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from puffer_edge.errors import UsageError

T = TypeVar("T")


def choose(name: str, table: Mapping[str, T], *, what: str,
           aliases: Mapping[str, str] | None = None, advice: Mapping[str, str] | None = None,
           otherwise: str = "") -> T:
    """The entry of that name.

    Args:
        name: as it was typed; case, and what separates its parts, do not matter.
        table: the choices by name.
        what: what is chosen, as ``target``.
        aliases: other names of the choices.
        advice: hints for names of things that are no choice.
        otherwise: the hint where nothing is near; all choices by default.

    Raises:
        UsageError: there is none; the hint has the nearest, or all.
    """
    typed = "-".join(name.lower().replace("_", " ").split())
    for known in (name, typed, (aliases or {}).get(typed, "")):
        if known in table:
            return table[known]
    if len(same := _without_separators(typed, table, aliases or {})) == 1:
        return table[same.pop()]
    raise UsageError(f"there is no {what} {name!a:.60}", hint=(advice or {}).get(typed)
                     or nearest(typed, [*table, *(aliases or ())],
                                otherwise=otherwise or f"choose one of {', '.join(table)}"))


def _without_separators(typed: str, table: Mapping[str, T], aliases: Mapping[str, str]
                        ) -> set[str]:
    """Choices that have a name of the same letters and digits: ``RPi 4`` is rpi4, not rpi-4."""
    squeezed = _squeezed(typed)
    names = {**{name: name for name in table}, **aliases}
    return {names[name] for name in names if names[name] in table and _squeezed(name) == squeezed}


def _squeezed(name: str) -> str:
    return re.sub(r"[-_. :+]", "", name.lower())


def nearest(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """``did you mean ...?`` where something known is close; else what ``otherwise`` says."""
    found = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(found)}?" if found else otherwise
