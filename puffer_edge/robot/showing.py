# SPDX-License-Identifier: MIT
"""A contract in words: rows of a table, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from puffer_edge.robot.contract import Action, RobotContract, Term


def numbers(values: Sequence[float]) -> str:
    """``0.25``, or ``-0.1, 0.8, -1.5 ...`` where they differ."""
    words = [str(np.float32(value)) for value in values]
    if len(set(words)) <= 1:
        return "".join(words[:1])
    return ", ".join(words[:4]) + (" ..." if len(words) > 4 else "")


def about(term: Term) -> str:
    """What is done with the raw numbers."""
    parts = [f"of {' '.join(term.elements[:8])}" + (" ..." if term.size > 8 else "")
             ] if term.elements else []
    parts += [f"minus {numbers(term.offset)}"] if term.offset else []
    if term.low:
        parts.append(f"in [{numbers(term.low)}; {numbers(term.high)}]")
    if term.scale and set(term.scale) != {1.0}:
        parts.append(f"times {numbers(term.scale)}")
    if term.period:
        parts.append(f"once per {term.period:g} s")
    return ", ".join(parts)


def row_of(term: Term) -> str:
    """A term in one line."""
    parts = [str(term.size) + (f" {term.unit}" if term.unit else ""),
             "" if term.kind in (term.name, "sensor") else term.kind.replace("_", " "),
             about(term), f"{term.history} steps" if term.history > 1 else ""]
    return f"{term.name}: " + ", ".join(part for part in parts if part)


def differences(one: RobotContract, other: RobotContract) -> list[str]:
    """What differs, a line each: terms by name and order, numbers by key and element."""
    lines = [f"{key}: {getattr(one, key)} and {getattr(other, key)}"
             for key in ("period", "joints", "joint_names", "quaternion", "history_order",
                         "newest_first", "history_start", "low", "high")
             if getattr(one, key) != getattr(other, key)]
    names, others = ([term.name for term in each.observation] for each in (one, other))
    lines += [f"term {name}: only in the first" for name in names if name not in others]
    lines += [f"term {name}: only in the second" for name in others if name not in names]
    if sorted(names) == sorted(others) and names != others:
        place = next(i for i, (a, b) in enumerate(zip(names, others, strict=True)) if a != b)
        lines.append(f"order of terms: {names[place]} and {others[place]} at place {place + 1}")
    seconds = {term.name: term for term in other.observation}
    for term in one.observation:
        if term.name in seconds:
            lines += [f"term {term.name}: {line}" for line in _parts(term, seconds[term.name])]
    return lines + [f"action: {line}" for line in _parts(one.action, other.action)]


def _parts(one: Term | Action, other: Term | Action) -> Iterator[str]:
    for field in fields(one):
        first, second = getattr(one, field.name), getattr(other, field.name)
        if first == second:
            continue
        if not (isinstance(first, tuple) and isinstance(second, tuple)):
            yield f"{field.name} {first} and {second}"
        elif len(first) != len(second):
            yield f"{field.name} {first or 'nothing'} and {second or 'nothing'}"
        else:
            places = [i for i, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
            at = places[0]
            more = f", and {len(places) - 1} more" if len(places) > 1 else ""
            yield f"{field.name}[{at}] {first[at]} and {second[at]}{more}"
