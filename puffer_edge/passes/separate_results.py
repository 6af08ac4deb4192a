# SPDX-License-Identifier: MIT
"""Gives results memory of their own."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Reshape, Slice
from puffer_edge.passes.constants import unused


def separate_results(program: Program) -> Program:
    """Copies results that are the observation, a constant or an old state under another name.

    The observation belongs to the caller and is gone after the step; two states that swap would
    overwrite each other; and an output that is a new state must not change with the next copy.
    """
    producers = program.producers()

    def origin(name: str) -> str:
        while isinstance(op := producers.get(name), Reshape):
            name = op.x
        return name

    foreign = {program.input, *program.constants, *(state.input for state in program.states)}
    copies: dict[str, str] = {}
    ops: list[Op] = list(program.ops)

    def own(name: str) -> str:
        if origin(name) not in foreign:
            return name
        if name not in copies:
            copies[name] = unused(f"{name}.copy", {*program.values, *copies.values()})
            shape = program.values[name].shape
            ops.append(Slice(x=name, y=copies[name], starts=(0,) * len(shape), counts=shape,
                             steps=(1,) * len(shape)))
        return copies[name]

    outputs = tuple(own(name) for name in program.outputs)
    states = tuple(
        state if origin(state.output) == state.input else replace(state, output=own(state.output))
        for state in program.states)
    if not copies:
        return program
    return program.with_ops(ops, outputs=outputs, states=states)
