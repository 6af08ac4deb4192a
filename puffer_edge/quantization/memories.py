"""Which values have their scale from a cell that remembers them, from the states on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from puffer_edge.ir import Op, Program, Quantization
from puffer_edge.ir.ops import Binary
from puffer_edge.quantization.rules import RULES

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


def memories(program: Program, quantizer: Quantizer) -> dict[str, Quantization]:
    """Scales that cells prescribe for what they remember, by name.

    A cell adds to its memory, step by step, so that memory has the cell's own scale. Where it comes
    from a state by way of moved elements and of arithmetic (a product with 0 where an episode
    begins), all of this has that scale, too, and nothing is lost between two steps. Of several
    cells that read one state the largest scale counts; the others convert it.
    """
    producers = program.producers()
    found: dict[str, Quantization] = {}
    for op in program.ops:
        rule = RULES.get(type(op))
        for name, meaning in (rule.memories(op, quantizer) if rule else {}).items():
            for value in _way(name, program, producers, set()):
                if value not in found or found[value].scale < meaning.scale:
                    found[value] = meaning
    return found


def _way(name: str, program: Program, producers: dict[str, Op], tried: set[str]) -> list[str]:
    """The values between a state and a value that is made of it; none if it is made of none."""
    if name in tried:
        return []
    tried.add(name)
    if any(state.input == name for state in program.states):
        return [name]
    op = producers.get(name)
    if isinstance(op, Binary) or (op is not None and type(op) in RULES and RULES[type(op)].moves):
        for operand in op.operands:
            if way := _way(operand, program, producers, tried):
                return [*way, name]
    return []
