# SPDX-License-Identifier: MIT
"""A core that executes two instructions at once, in order: the Cortex-M7.

Which two may go together, and when a result is there, are those that were measured on an STM32H743
(github.com/jnk0le/random, pipeline cycle test/doc/cortex_m7.md). What is not in it: alignment of
16-bit code, sums that are forwarded within a cycle, and the banks of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from puffer_edge.timing.instruction import FLOATS, PRODUCTS, Instruction, Kind

LATENCY = {Kind.LOAD: 2, Kind.FLOAT: 3, Kind.FLOAT_PRODUCT_SUM: 5, Kind.SHIFT: 1,
           **dict.fromkeys(PRODUCTS, 2)}
"""Cycles until another instruction may use a result; of others 1."""
BUSY = {Kind.DIVIDE: 8, Kind.FLOAT_DIVIDE: 16}
"""Cycles in which nothing else is executed: of SDIV and UDIV the middle of 3 to 12."""
ALONE = frozenset((Kind.SEVERAL, Kind.LOAD_BRANCH, Kind.DIVIDE))
BOTH_NOT = (PRODUCTS, FLOATS, frozenset((Kind.SHIFT,)), frozenset((Kind.STORE,)),
            frozenset((Kind.BRANCH, Kind.CALL)))
"""Classes of which one goes at a time."""
SUMS = {Kind.MULTIPLY_SUM: 1, Kind.LONG_MULTIPLY_SUM: 1, Kind.FLOAT_PRODUCT_SUM: 2}
"""Cycles by which a sum that goes on is used later than factors."""


def paired(instructions: Sequence[Instruction]) -> int:
    """Cycles of a straight piece of code; the first starts a cycle of its own."""
    ready: dict[int, int] = {}
    now, end, first = -1, 0, None
    for each in instructions:
        earliest = max((ready.get(register, 0) - _later(each, register)
                        for register in each.reads), default=0)
        together = first is not None and earliest <= now and end == now + 1 and _fit(first, each)
        if together:
            first = None
        else:
            now = max(end, earliest)
            first = each
        busy = (each.words + 1) // 2 if each.kind is Kind.SEVERAL else BUSY.get(each.kind, 1)
        end = max(end, now + busy) if together else now + busy
        for register in each.writes:
            ready[register] = now + busy - 1 + LATENCY.get(each.kind, 1)
    return end


def _later(instruction: Instruction, register: int) -> int:
    """How many cycles later than others it may be there."""
    if instruction.kind is Kind.STORE:
        return 1
    return SUMS.get(instruction.kind, 0) if register in instruction.writes else 0


def _fit(first: Instruction, second: Instruction) -> bool:
    """Whether the second may be executed beside the first."""
    kinds = {first.kind, second.kind}
    if kinds & ALONE or (first.writes & second.writes):
        return False
    if first.writes & second.reads and second.kind is not Kind.STORE:
        return False
    if kinds & PRODUCTS and Kind.STORE in kinds:
        return False
    return not any(first.kind in group and second.kind in group for group in BOTH_NOT)
