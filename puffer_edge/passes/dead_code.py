# SPDX-License-Identifier: MIT
"""Removes ops that no output needs, and state that only feeds itself."""

from __future__ import annotations

from puffer_edge.ir import Program


def remove_dead_code(program: Program) -> Program:
    """Right because a value that reaches no output, now or in a later step, changes nothing."""
    successor = {state.input: state.output for state in program.states}
    producers = program.producers()
    needed: set[str] = set()
    waiting = list(program.outputs)
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        if name in successor:
            waiting.append(successor[name])
        if name in producers:
            waiting.extend(producers[name].operands)
    ops = [op for op in program.ops if any(name in needed for name in op.outputs)]
    states = tuple(state for state in program.states if state.input in needed)
    return program.with_ops(ops, states=states)
