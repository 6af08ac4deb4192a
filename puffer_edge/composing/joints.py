# SPDX-License-Identifier: MIT
"""Where each number comes from that the second policy of a pipeline sees.

``latent=mean, obs[0:45]=history[225:270]``: a field of the second, or a part of one, and an output
of the first, or a part of what it sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from puffer_edge.errors import UsageError
from puffer_edge.ir import Field, Program

_PART = re.compile(r"\s*([^\s\[\]=,]+)\s*(?:\[\s*(\d{1,6})\s*:\s*(\d{1,6})\s*\])?\s*")
HINT = ("as pipeline:latent=mean,obs[0:45]=history[225:270]: fields of the second, and outputs or "
        "fields of the first")


@dataclass(frozen=True)
class Run:
    """Numbers that lie one after another, in the second's order.

    Attributes:
        source: the value of the first that it is, an output; empty for what the first sees; None
            for what the second alone sees.
        start: place of the first number there; of None, in what the second sees.
        size: how many.
    """

    source: str | None
    start: int
    size: int


def runs(first: Program, second: Program, text: str) -> tuple[list[Run], str]:
    """All numbers that the second sees, and how that was told where ``text`` is empty.

    Raises:
        UsageError: the text is none, names what is not there, or nothing of the first is used.
    """
    places: list[tuple[str | None, int]] = [
        (None, i) for i in range(second.contract.observation_size)]
    said = ""
    if text:
        for target, source in _joints(text):
            _join(places, _span(target, _fields(second), "the second sees no"),
                  _source(source, first))
    else:
        said = _by_name(places, first, second) or _by_size(places, first, second)
    if not any(source for source, _ in places):
        raise UsageError(f"nothing that the first gives goes to the second: outputs "
                         f"{_listed(_outputs(first))}; fields {_listed(_fields(second))}",
                         hint=HINT)
    found = []
    for (source, _), group in groupby(enumerate(places), lambda each: (
            each[1][0], each[1][1] - each[0])):
        members = [place for _, (_, place) in group]
        found.append(Run(source, members[0], len(members)))
    return found, said


def _joints(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(","):
        sides = part.split("=")
        if len(sides) != 2 or not all(_PART.fullmatch(side) for side in sides):
            raise UsageError(f"{part[:60]!a} is no FIELD=OUTPUT", hint=HINT)
        yield sides[0], sides[1]


def _join(places: list[tuple[str | None, int]], target: range, source: tuple[str, range]) -> None:
    name, span = source
    if len(target) != len(span):
        raise UsageError(f"{len(span)} numbers of the first do not fit {len(target)} of the second",
                         hint=HINT)
    for to, place in zip(target, span, strict=True):
        if places[to][0] is not None:
            raise UsageError(f"number {to} of what the second sees is joined twice", hint=HINT)
        places[to] = name, place


def _span(part: str, known: Mapping[str, range], what: str) -> range:
    match = _PART.fullmatch(part)
    assert match is not None
    if match[1] not in known:
        raise UsageError(f"{what} {match[1][:60]!a}; there are {_listed(known)}", hint=HINT)
    whole = known[match[1]]
    if match[2] is None:
        return whole
    begin, end = int(match[2]), int(match[3])
    if not begin < end <= len(whole):
        raise UsageError(f"{part.strip()[:60]} is no part of {len(whole)} numbers", hint=HINT)
    return whole[begin:end]


def _source(part: str, first: Program) -> tuple[str, range]:
    match = _PART.fullmatch(part)
    assert match is not None
    outputs, fields, called = _outputs(first), _fields(first), _called(first)
    if match[1] in called:
        name = called[match[1]]
        return name, _span(part, {match[1]: outputs[name]}, "")
    return "", _span(part, fields, f"the first gives {_listed(outputs)}, and sees no")


def _by_name(places: list[tuple[str | None, int]], first: Program, second: Program) -> str:
    """Fields of the second that are called as outputs or fields of the first."""
    outputs, fields, called, told = _outputs(first), _fields(first), _called(first), []
    for name, target in _fields(second).items():
        source = called.get(name, "")
        span = outputs[source] if source else fields.get(name, range(0))
        if len(span) == len(target):
            _join(places, target, (source, span))
            told += [name] if source else []
    if not told:
        places[:] = [(None, i) for i in range(len(places))]
        return ""
    return f"what the first gives as {', '.join(told)} goes to the second's field of that name"


def _by_size(places: list[tuple[str | None, int]], first: Program, second: Program) -> str:
    """What the first gives is all that the second sees, or stands after what both see."""
    outputs = _outputs(first)
    for names in (list(outputs), list(outputs)[:1]):
        width = sum(len(outputs[name]) for name in names)
        at = len(places) - width
        if at not in (0, first.contract.observation_size):
            continue
        _join(places, range(at), ("", range(at)))
        for name in names:
            _join(places, range(at, at + len(outputs[name])), (name, outputs[name]))
            at += len(outputs[name])
        told = ", ".join(name.rsplit("/", 1)[-1] for name in names)
        return f"what the first gives ({told}) is " + (
            f"the last {width} numbers of what the second sees, after what both see"
            if len(places) > width else "all that the second sees")
    return ""


def _fields(program: Program) -> dict[str, range]:
    found, at = {}, 0
    for field in program.contract.observation:
        found[field.name] = range(at, at + field.size)
        at += field.size
    return found


def _outputs(program: Program) -> dict[str, range]:
    """By the values, which have the names that the file gave them."""
    return {value: range(program.values[value].size) for value in program.outputs}


def _called(program: Program) -> dict[str, str]:
    """The value by all that it is called: in the artefact, at the end of a path, in the file."""
    found = dict(zip(program.output_names, program.outputs, strict=True))
    found |= {value.rsplit("/", 1)[-1]: value for value in program.outputs}
    return found | {value: value for value in program.outputs}


def _listed(known: Mapping[str, range]) -> str:
    return ", ".join(f"{name.rsplit('/', 1)[-1]} {len(span)}" for name, span in known.items())


def own_fields(second: Program, found: Sequence[Run], taken: Sequence[str]) -> list[Field]:
    """Fields for what the second alone sees, in the order of ``found``."""
    fields, names = [], set(taken)
    spans = _fields(second)
    for run in (run for run in found if run.source is None):
        end = run.start + run.size
        for field in second.contract.observation:  # a run may go over several
            span = spans[field.name]
            low, high = max(run.start, span.start), min(end, span.stop)
            if low >= high:
                continue
            name = field.name
            while name in names:
                name += "_"
            names.add(name)
            whole = high - low == field.size
            part = Field(name, field.shape if whole else (high - low,), field.unit)
            if field.low:
                sides = [side if len(side) == 1 else side[low - span.start:high - span.start]
                         for side in (field.low, field.high)]
                part = part.bounded(*sides)
            fields.append(part)
    return fields
