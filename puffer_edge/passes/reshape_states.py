# SPDX-License-Identifier: MIT
"""Gives a state the shape that its reader wants."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.ir import Op, Program, State
from puffer_edge.ir.ops import Reshape


def reshape_states(program: Program) -> Program:
    """Right because a state is nobody's but the policy's: only its elements and their order count.

    ONNX has a recurrent state as [layers, batch, size]; without the reshapes between it and the
    cell, the cell is seen to carry its own state, which integers need.
    """
    producers, consumers = program.producers(), program.consumers()
    names: dict[str, str] = {}
    values = dict(program.values)

    def reshaped(state: State) -> State:
        readers, maker = consumers.get(state.input, []), producers.get(state.output)
        shapes = {op.shape for op in readers if isinstance(op, Reshape)}
        outputs = {name for op in readers for name in op.outputs}
        if (not isinstance(maker, Reshape) or not all(isinstance(op, Reshape) for op in readers)
                or shapes != {values[maker.x].shape}
                or (outputs | {state.input}) & program.results):
            return state
        names.update(dict.fromkeys(outputs, state.input))
        (shape,) = shapes
        values[state.input] = replace(values[state.input], shape=shape)
        return replace(state, output=maker.x, initial=state.initial.reshape(shape))

    states = tuple(map(reshaped, program.states))
    if not names:
        return program
    kept: list[Op] = [op.renamed(names) for op in program.ops if not set(op.outputs) & set(names)]
    return program.with_ops(kept, states=states, values=values)
