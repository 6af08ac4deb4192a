# SPDX-License-Identifier: MIT
"""An estimator and an actor as one Program: what HIM, RMA and DreamWaQ deploy.

One step of the whole is one step of each, in order. Everything else (quantisation, planning of one
memory for both, exporters, verification) sees a Program like any other.
"""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.composing.joints import Run, own_fields, runs
from puffer_edge.composing.renaming import BEFORE, OBSERVATION, refuse, renamed
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Continuous, Note, Op, Program, Value
from puffer_edge.ir.ops import Concat, Reshape, Slice

CODE = "composed-order"
OF_ACTIONS = ("action-kind", "action-bounds", "action-squash", "action-heads", "other-outputs")
"""Assumptions about outputs that are no action here: the second sees them as they are."""


def pipeline(first: Program, second: Program, joins: str = "",
             names: tuple[str, str] = ("first", "second")) -> Program:
    """The second policy, fed with what the first gives.

    Args:
        first: whose raw outputs the second sees; its fields are the first ones of the whole's
            observation.
        second: whose action is the whole's.
        joins: where what the second sees comes from, see :mod:`.joints`; by name, else by size,
            where it is empty. What nothing feeds are fields of the whole's observation.
        names: of the two, before the names of their layers; an empty one is of a pipeline, whose
            layers have such names.

    Raises:
        UsageError: they do not fit each other.
        UnsupportedError: one takes integers or a mask, or the first squashes what it gives.
    """
    for name, program in zip(names, (first, second), strict=True):
        refuse(name, program)
    found, told = runs(first, second, joins)
    used = {run.source for run in found}
    head = first.contract.action
    if first.outputs[0] in used and isinstance(head, Continuous) and (
            head.squash or head.rescale):
        raise UnsupportedError(f"{names[0]} squashes its action, and its output "
                               f"{first.output_names[0]} is what it is before",
                               hint="export the estimator as a graph whose output is what the "
                                    "actor sees")
    one, other = renamed(first, names[0]), renamed(second, names[1])
    fields = (*first.contract.observation,
              *own_fields(second, found, [field.name for field in first.contract.observation]))
    size = sum(field.size for field in fields)
    before, between, values = _glue(one, other, found, size, names[0] or BEFORE)
    whole = Program(
        f"{first.source}, then {second.source}",
        {**one.values, **other.values, **values}, {**one.constants, **other.constants},
        (), OBSERVATION, other.outputs, other.output_names,
        replace(second.contract, observation=fields, normaliser=None),
        (*one.states, *other.states),
        (*(note for note in one.notes if note.code not in OF_ACTIONS), *other.notes,
         *_told(told, joins)))
    return whole.with_ops([*before, *one.ops, *between, *other.ops])


def _told(told: str, joins: str) -> list[Note]:
    if not told:
        return [Note("stated", f"the second sees {joins}")]
    return [Note("assumed", told, CODE, "--compose")]


def _glue(one: Program, other: Program, found: list[Run], size: int, prefix: str
          ) -> tuple[list[Op], list[Op], dict[str, Value]]:
    """Ops before the first and between both, and the values that nobody infers."""
    seen = one.contract.observation_size
    values = {OBSERVATION: Value(OBSERVATION, (1, size))}
    before = [*_part(OBSERVATION, size, 0, seen, "of_first"),
              Reshape(x="of_first" if seen < size else OBSERVATION, y=one.input,
                      shape=one.values[one.input].shape)]
    widths = {run.source: one.values[f"{prefix}/{run.source}"].size for run in found if run.source}
    between: list[Op] = [Reshape(x=f"{prefix}/{name}", y=f"given/{name}", shape=(1, width))
                         for name, width in widths.items()]
    parts, own = [], seen
    for i, run in enumerate(found):
        source, start = (f"given/{run.source}", run.start) if run.source else (
            OBSERVATION, run.start if run.source == "" else own)
        width = widths[run.source] if run.source else size
        own += run.size if run.source is None else 0
        between += _part(source, width, start, run.size, f"part_{i}")
        parts.append(f"part_{i}" if run.size < width else source)
    whole = parts[0]
    if len(parts) > 1:
        whole = "of_second"
        between.append(Concat(xs=tuple(parts), y=whole, axis=1))
    between.append(Reshape(x=whole, y=other.input, shape=other.values[other.input].shape))
    return before, between, values


def _part(source: str, width: int, start: int, size: int, name: str) -> list[Op]:
    """Some of a row's numbers; nothing where all of them are wanted."""
    if size == width:
        return []
    return [Slice(x=source, y=name, starts=(0, start), counts=(1, size), steps=(1, 1))]
