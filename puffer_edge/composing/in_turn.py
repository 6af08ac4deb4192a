# SPDX-License-Identifier: MIT
"""Several skills as one Program: a number of the observation says which of them acts.

All are computed at every step, one after another in the same memory, and the action is that of the
one that acts: so a step takes the same time whichever it is, and nothing branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.composing.renaming import OBSERVATION, refuse, renamed
from puffer_edge.errors import UsageError
from puffer_edge.ir import Field, Op, Program, State, Value
from puffer_edge.ir.ops import Binary, OneHot, Reshape, Slice

SKILL = "skill"
Change = Literal["reset", "keep"]


def switch(programs: Sequence[Program], names: Sequence[str], change: Change = "reset") -> Program:
    """The skill that the observation's last number says, from 0; another number gives zeros.

    Args:
        programs: of equal observations and actions.
        names: of them, before the names of their layers.
        change: what a skill that does not act remembers: nothing, so that it begins anew when it
            acts again (reset), or what it last did (keep).

    Raises:
        UsageError: they do not fit each other.
        UnsupportedError: one takes integers or a mask.
    """
    for name, program in zip(names, programs, strict=True):
        refuse(name, program)
        _refuse_another(names[0], programs[0], name, program)
    first, heads = programs[0], len(programs[0].contract.heads)
    skills = [renamed(program, name) for name, program in zip(names, programs, strict=True)]
    size = first.contract.observation_size
    ops: list[Op] = [
        _slice(OBSERVATION, "of_all", 0, size), _slice(OBSERVATION, "which", size, 1),
        OneHot(x="which", y="choices", classes=len(skills)),
        Reshape(x="choices", y="chosen", shape=(1, len(skills)))]
    constants: dict[str, Array] = {"one": np.ones((1, 1), np.float32)}
    states: list[State] = []
    for i, skill in enumerate(skills):
        ops += [_slice("chosen", f"acts_{i}", i, 1),
                Reshape(x="of_all", y=skill.input, shape=skill.values[skill.input].shape),
                *skill.ops]
        ops += _states(skill, i, change, states, constants)
    outputs = []
    for head in range(heads):
        ops += _chosen(skills, head)
        outputs.append(f"output_{head}")
    values = {OBSERVATION: Value(OBSERVATION, (1, size + 1)),
              **{name: Value(name, array.shape) for name, array in constants.items()}}
    fields = (*first.contract.observation, _field(first))
    whole = Program(
        " or ".join(dict.fromkeys(program.source for program in programs)),
        {**values, **{name: value for skill in skills for name, value in skill.values.items()}},
        {**constants, **{name: each for skill in skills for name, each in skill.constants.items()}},
        (), OBSERVATION, tuple(outputs), first.output_names[:heads],
        replace(first.contract, observation=fields, normaliser=None,
                sampled=any(program.contract.sampled for program in programs)),
        tuple(states), tuple(note for skill in skills for note in skill.notes))
    listed = ", ".join(f"{i} {name}" for i, name in enumerate(names))
    remembered = {"reset": "begins anew when it acts again",
                  "keep": "keeps what it remembers"}[change]
    return whole.with_ops(ops).noting(
        "stated", f"{fields[-1].name} of the observation says which acts: {listed}; another number "
                  f"gives zeros" + (f"; one that does not act {remembered}" if states else ""))


def _slice(x: str, y: str, start: int, count: int) -> Slice:
    return Slice(x=x, y=y, starts=(0, start), counts=(1, count), steps=(1, 1))


def _field(first: Program) -> Field:
    name = SKILL
    while name in {field.name for field in first.contract.observation}:
        name += "_"
    return Field(name, (1,))


def _states(skill: Program, i: int, change: Change, states: list[State],
            constants: dict[str, Array]) -> list[Op]:
    """What it remembers is of this step where it acts, else what ``change`` says."""
    if not skill.states:
        return []
    ops: list[Op] = [Binary(a="one", b=f"acts_{i}", y=f"rests_{i}", function="sub")]
    for j, state in enumerate(skill.states):
        name, other = f"state_{i}_{j}", state.input
        ops.append(Binary(a=state.output, b=f"acts_{i}", y=f"{name}_now", function="mul"))
        if change == "reset" and not state.initial.any():
            states.append(State(state.input, f"{name}_now", state.initial))
            continue
        if change == "reset":
            other = f"{name}_initial"
            constants[other] = state.initial
        ops += [Binary(a=other, b=f"rests_{i}", y=f"{name}_then", function="mul"),
                Binary(a=f"{name}_now", b=f"{name}_then", y=name, function="add")]
        states.append(State(state.input, name, state.initial))
    return ops


def _chosen(skills: Sequence[Program], head: int) -> list[Op]:
    """The sum of all outputs, of which all but one are times 0."""
    ops: list[Op] = []
    total = ""
    for i, skill in enumerate(skills):
        value = skill.values[skill.outputs[head]]
        last = i == len(skills) - 1
        ops += [Reshape(x=value.name, y=f"given_{head}_{i}", shape=(1, value.size)),
                Binary(a=f"given_{head}_{i}", b=f"acts_{i}", y=f"part_{head}_{i}",
                       function="mul")]
        if i:
            name = f"output_{head}" if last else f"sum_{head}_{i}"
            ops.append(Binary(a=total, b=f"part_{head}_{i}", y=name, function="add"))
            total = name
        else:
            total = f"part_{head}_{i}"
    return ops


def _refuse_another(one: str, first: Program, name: str, program: Program) -> None:
    sizes = [[field.size for field in each.contract.observation] for each in (first, program)]
    if sizes[0] != sizes[1]:
        raise UsageError(f"{one} sees {sizes[0]} numbers and {name} {sizes[1]}: skills see alike",
                         hint="give --observation to both, or export them apart")
    if first.contract.action != program.contract.action:
        raise UsageError(f"the actions of {one} and {name} are not of one kind, size and bounds",
                         hint="`puffer-edge inspect` tells them")
