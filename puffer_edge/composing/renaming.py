# SPDX-License-Identifier: MIT
"""Programs that lie side by side in one: no two values or layers have one name."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Program, State

BEFORE = "before"
OBSERVATION = "observation"


def renamed(program: Program, prefix: str) -> Program:
    """With ``prefix/`` before names; an empty prefix is of what was composed before."""
    names = {name: f"{prefix or BEFORE}/{name}" for name in program.values}
    layer = f"{prefix}/" if prefix else ""
    said = f"{prefix}: " if prefix else ""
    return replace(
        program, input=names[program.input],
        values={names[name]: replace(value, name=names[name])
                for name, value in program.values.items()},
        constants={names[name]: array for name, array in program.constants.items()},
        ops=tuple(replace(op.renamed(names), layer=layer + op.layer if op.layer else "")
                  for op in program.ops),
        outputs=tuple(names[name] for name in program.outputs),
        states=tuple(State(names[state.input], names[state.output], state.initial)
                     for state in program.states),
        notes=tuple(replace(note, text=said + note.text) for note in program.notes))


def refuse(name: str, program: Program) -> None:
    """Raises UnsupportedError for what cannot be composed."""
    if program.values[program.input].dtype != "float32":
        raise UnsupportedError(f"{name} takes integers", hint="give the policy in floats; the "
                               "whole is quantised by --scheme")
    if program.contract.mask is not None:
        raise UnsupportedError(f"{name} takes a mask of actions, which is not handed on")
