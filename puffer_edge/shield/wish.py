# SPDX-License-Identifier: MIT
"""``shield.toml``: what a user asks of a shield, before it is known for which policy."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.regular_file import read_file
from puffer_edge.robot.readers.keys import Table, shown
from puffer_edge.shield.shield import FAULTS, MOST_DIRECTIONS, REACTIONS, Reaction

LARGEST_FILE = 1 << 20
FILE = ("guard", "term", "timing", "action", "reaction", "likelihood")
GUARD = ("range", "quantile", "margin", "max-age")
TERM = ("name", "elements", "low", "high", "clip", "varies-within")
TIMING = ("rate", "period", "jitter", "deadline")
ACTION = ("clip", "low", "high", "slew", "low-pass", "safe")
REACTION = ("do", "hold-steps", "then", "latch-after", "release-after", "count-only")
COUNTED = tuple(word for word in FAULTS if word not in ("not-finite", "policy"))
"""Faults that may be let pass: of the others there is no action."""
LIKELIHOOD = ("directions", "allowance", "margin")
RANGES = ("calibration", "declared", "none")
LONGEST_US = (1 << 31) - 1
LARGEST_COUNT = 0xFFFE
"""Of steps: counters have 16 bits."""

Numbers = float | tuple[float, ...]
"""One for all elements, or one each."""


@dataclass(frozen=True)
class TermWish:
    """What is asked of some elements of the observation.

    Attributes:
        name: of a field of the policy's observation, or of a term of the robot's contract; else
            empty.
        elements: else their numbers.
        low, high: bounds, or nothing.
        varies_within: steps, 0 for not watched.
    """

    name: str = ""
    elements: tuple[int, ...] = ()
    low: Numbers | None = None
    high: Numbers | None = None
    varies_within: int = 0


@dataclass(frozen=True)
class Wish:
    """All of ``shield.toml``; times in seconds, 0 where nothing is asked for.

    Attributes:
        range: of the observation: what was seen in calibration but for the part ``quantile`` at
            either end, widened by ``margin`` of its width; what the policy's file declares; or
            none.
        period: from step to step, the contract's by default.
        jitter: part of the period by which a step may be early or late.
        directions, allowance, reach: of ``novelty.add_novelty``; no directions, no likelihood.
    """

    range: str = ""
    quantile: float = 0.0
    margin: float = 0.5
    max_age: float = 0.0
    terms: tuple[TermWish, ...] = ()
    period: float = 0.0
    jitter: float = 0.0
    deadline: float = 0.0
    low: Numbers | None = None
    high: Numbers | None = None
    slew: Numbers | None = None
    low_pass: Numbers | None = None
    safe: Numbers = 0.0
    first: Reaction = "hold"
    hold_steps: int = 0
    then: Reaction = "safe"
    latch_after: int = 0
    release_after: int = 0
    count_only: tuple[str, ...] = ()
    directions: int = 0
    allowance: float = 8.0
    reach: float = 4.0
    where: str = "the shield"


def read_shield(path: Path) -> Wish:
    """What a ``shield.toml`` asks for.

    Raises:
        FileFormatError: it cannot be read, has a key that is not known, or a value of another type.
    """
    where = str(path)
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        plain = tomllib.loads(read_file(path, LARGEST_FILE).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"this is not TOML: {error}", where=where) from None
    table = Table(plain, where)
    table.only(FILE)
    return Wish(where=where, **_guard(_part(table, "guard", GUARD)), terms=_terms(table),
                **_timing(_part(table, "timing", TIMING)),
                **_action(_part(table, "action", ACTION)),
                **_reaction(_part(table, "reaction", REACTION)), **_likelihood(table))


def _part(table: Table, key: str, keys: tuple[str, ...]) -> Table:
    part = table.table(key) if table.has(key) else Table({}, table.where, key)
    part.only(keys)
    return part


def _guard(table: Table) -> dict[str, Any]:
    return {"range": table.one_of("range", RANGES, "") if table.has("range") else "",
            "quantile": _quantile(table), "margin": _least(table, "margin", 0.5),
            "max_age": _seconds(table, "max-age")}


def _quantile(table: Table) -> float:
    if (value := _least(table, "quantile", 0.0)) > 0.25:
        raise table.refuse("quantile", f"is {value}, and less than half would be left")
    return value


def _likelihood(table: Table) -> dict[str, Any]:
    if not table.has("likelihood"):
        return {}
    part = _part(table, "likelihood", LIKELIHOOD)
    if not 1 <= (directions := part.whole("directions", 4)) <= MOST_DIRECTIONS:
        raise part.refuse("directions", f"are {directions}, not 1 to {MOST_DIRECTIONS}")
    return {"directions": directions, "allowance": _least(part, "allowance", 8.0),
            "reach": max(1.0, _least(part, "margin", 4.0))}


def _terms(table: Table) -> tuple[TermWish, ...]:
    listed = table.plain.get("term", [])
    if not isinstance(listed, list):
        raise FileFormatError("terms are [[term]] tables", where=table.where)
    return tuple(_term(Table(each, table.where, f"term[{i}]")) for i, each in enumerate(listed))


def _term(table: Table) -> TermWish:
    table.only(TERM)
    if table.has("name") == table.has("elements"):
        raise FileFormatError(f"{table.name} has either a name or elements", where=table.where)
    elements = table.wholes("elements") if table.has("elements") else ()
    if len(set(elements)) < len(elements):
        raise table.refuse("elements", "has one twice")
    low, high = _bounds(table)
    return TermWish(table.text("name", ""), elements, low, high, _count(table, "varies-within"))


def _timing(table: Table) -> dict[str, Any]:
    if table.has("rate") and table.has("period"):
        raise table.refuse("rate", "and period say the same")
    period = _seconds(table, "period")
    if table.has("rate"):
        if not 0.0005 <= (rate := table.number("rate")) <= 1e6:
            raise table.refuse("rate", f"is {rate} Hz")
        period = 1 / rate
    jitter = _least(table, "jitter", 0.0)
    if jitter >= 1:
        raise table.refuse("jitter", f"is {jitter}, and a part of the period is below 1")
    return {"period": period, "jitter": jitter, "deadline": _seconds(table, "deadline")}


def _action(table: Table) -> dict[str, Any]:
    low, high = _bounds(table)
    return {"low": low, "high": high, "slew": _numbers(table, "slew"),
            "low_pass": _numbers(table, "low-pass"), "safe": _numbers(table, "safe") or 0.0}


def _reaction(table: Table) -> dict[str, Any]:
    words = table.texts("count-only") if table.has("count-only") else ()
    if unknown := [word for word in words if word not in COUNTED]:
        raise table.refuse("count-only", f"has {shown(unknown[0])}, none of "
                                         f"{', '.join(COUNTED)}")
    doing = {key: table.one_of(key, (*REACTIONS, "zero"), default)
             for key, default in (("do", "hold"), ("then", "safe"))}
    first, then = ("safe" if word == "zero" else word for word in doing.values())
    return {"first": first, "then": then, "hold_steps": _count(table, "hold-steps"),
            "latch_after": _count(table, "latch-after"),
            "release_after": _count(table, "release-after"), "count_only": words}


def _bounds(table: Table) -> tuple[Numbers | None, Numbers | None]:
    if not table.has("clip"):
        return _numbers(table, "low"), _numbers(table, "high")
    if table.has("low") or table.has("high"):
        raise table.refuse("clip", "and low or high say the same")
    low, high = table.numbers("clip", 2)
    return low, high


def _numbers(table: Table, key: str) -> Numbers | None:
    if not table.has(key):
        return None
    value = table.plain[key]
    return (table.numbers(key, len(value)) if isinstance(value, list) else table.number(key))


def _least(table: Table, key: str, default: float) -> float:
    if (value := table.number(key, default)) < 0:
        raise table.refuse(key, f"is {value}, below 0")
    return value


def _seconds(table: Table, key: str) -> float:
    if not table.has(key):
        return 0.0
    if not 1e-6 <= (value := table.number(key)) <= LONGEST_US / 1e6:
        raise table.refuse(key, f"is {value} s, and microseconds have 31 bits")
    return value


def _count(table: Table, key: str) -> int:
    if (value := table.whole(key, 0)) > LARGEST_COUNT:
        raise table.refuse(key, f"is {value} steps, more than {LARGEST_COUNT}")
    return value
