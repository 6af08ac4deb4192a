# SPDX-License-Identifier: MIT
"""Which values have their scale from a cell that remembers them, from the states on."""

from __future__ import annotations

from puffer_edge.ir import Op, Program, Quantization
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.rule import rule_of


def memories(program: Program, calibration: Calibration) -> dict[str, Quantization]:
    """Qparams that cells prescribe for what they remember, by name.

    A cell adds to its memory, step by step, so that memory has the cell's own scale. Where it comes
    from a state by way of moved elements and of arithmetic (a product with 0 where an episode
    begins), all of this has that scale, too, and nothing is lost between two steps. Of several
    cells that read one state the largest scale counts; the others convert it.
    """
    producers = program.producers()
    found: dict[str, Quantization] = {}
    for op in program.ops:
        for name, qparams in rule_of(op).memories(op, program, calibration).items():
            for value in _way(name, program, producers, set()):
                if value not in found or found[value].scale < qparams.scale:
                    found[value] = qparams
    return found


def _way(name: str, program: Program, producers: dict[str, Op], tried: set[str]) -> list[str]:
    """The values between a state and a value that is made of it; none if it is made of none."""
    if name in tried:
        return []
    tried.add(name)
    if any(state.input == name for state in program.states):
        return [name]
    op = producers.get(name)
    if op is not None and (rule_of(op).arithmetic or rule_of(op).movement):
        for operand in op.operands:
            if way := _way(operand, program, producers, tried):
                return [*way, name]
    return []
