# SPDX-License-Identifier: MIT
"""C for a batch: a step of many policies, several of which go through an op before the next one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from puffer_edge.exporters.c.context import LANES, Context, Together
from puffer_edge.exporters.c.part import Part
from puffer_edge.ir import Program
from puffer_edge.templates import template

LARGE = 256
"""Numbers of an observation from which on it is not looked at and used in two turns over memory."""


def render(context: Context, before: Sequence[str], checks: Sequence[tuple[str, str]],
           after: Sequence[str]) -> str:
    """The function ``<name>_step_lanes``.

    Values of a lane lie in the arena of one of the first policies, so that the memory of a few is
    used over and over; what a policy remembers lies in its own.

    Args:
        context: of the policy; what it emits becomes that of a batch.
        before: statements that return where an observation is refused.
        checks: conditions that must hold before a step is taken, and the status otherwise.
        after: statements that give the action and keep the new state.
    """
    context.lanes = "lanes"
    lines = context.emit()
    context.lanes = "1"
    for good, status in checks:
        lines += [f"if (!{good}) {{",
                  f"    refused = refused ? refused : {context.name.upper()}_{status};",
                  "    continue;", "}"]
    groups = [(together, Part(list(part)))
              for together, part in groupby([*lines, *after],
                                            lambda line: isinstance(line, Together))]
    shared = Part([line for together, part in groups if together for line in part.lines])
    return template("puffer_edge.exporters.c", "lanes.h.j2").render(
        name=context.name, NAME=context.name.upper(), before=before, groups=groups, shared=shared,
        most=LANES, at_once=looked_at_by_turns(context.program)).rstrip()


def looked_at_by_turns(program: Program) -> bool:
    """Whether lanes that come before a refused observation have their action already.

    They have nothing else that a step changes, and nobody reads an action that is refused.
    """
    contract = program.contract
    return (not program.states and contract.mask is None
            and contract.observation_size >= LARGE)
