# SPDX-License-Identifier: MIT
"""How long each class of instructions takes on a core that executes one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from puffer_edge.timing.instruction import FLOATS, PRODUCTS, Instruction, Kind
from puffer_edge.timing.pairs import paired


@dataclass(frozen=True)
class Core:
    """Cycles by class, for code and data in memory without wait states.

    Attributes:
        source: where the table is from.
        validated: what it was compared with, and how far off it was.
        isa: what decodes the code.
        alu, load, store, floats, product_sum, float_divide: cycles of one instruction.
        multiply_sum, long_multiply, long_multiply_sum: of products with more than one sum or word.
        divide: the middle of what it takes, as that depends on the numbers.
        load_after_load: a load or store behind a load, unless it waits for it.
        several: loads and stores of more registers, beside one cycle per word.
        branch: one that is not taken.
        taken: a branch that is taken, beside the cycle of any.
        jump: a jump, beside its cycle.
        call: a call of 32 bits, beside a branch that is taken.
        returns: a load of the program counter among others, beside the same.
        load_use: an instruction that waits for the load before it; not a store of the value.
        late_use: one that waits for a product, or what is shifted inside of an operation, before
            it; not a product's sum.
        float_use: an operation on floats that waits for the one before it.
        pairs: two instructions may be executed at once; see :func:`pairs.paired`.
        mispredicted: cycles of a branch whose direction is not the foreseen one; 0 where nothing
            is foreseen.
    """

    source: str
    validated: str
    isa: Literal["thumb", "riscv32"] = "thumb"
    alu: int = 1
    multiply_sum: int = 1
    long_multiply: int = 1
    long_multiply_sum: int = 1
    divide: int = 6
    load: int = 2
    load_after_load: int = 1
    store: int = 1
    several: int = 1
    branch: int = 1
    taken: int = 3
    jump: int = 0
    call: int = 0
    returns: int = 0
    floats: int = 1
    product_sum: int = 3
    float_divide: int = 14
    load_use: int = 0
    late_use: int = 0
    float_use: int = 1
    pairs: bool = False
    mispredicted: int = 0

    def block(self, instructions: Sequence[Instruction]) -> int:
        """Cycles of a straight piece of code behind a branch, as if it did not end in one."""
        if self.pairs:
            return paired(instructions)
        before: list[Instruction | None] = [None, *instructions[:-1]]
        return sum(self.cost(each, last)
                   for each, last in zip(instructions, before, strict=True))

    def leaving(self, instruction: Instruction | None) -> int:
        """Cycles of going elsewhere behind an instruction, beside its own."""
        if instruction is None:
            return self.taken
        return {Kind.JUMP: self.jump, Kind.CALL: self.taken + self.call}.get(
            instruction.kind, self.taken + (self.returns if instruction.returns else 0))

    def cost(self, instruction: Instruction, before: Instruction | None = None) -> int:
        """Cycles of an instruction behind another; of a branch as if it were not taken."""
        waits = before is not None and bool(before.writes & instruction.reads)
        return self.cycles(instruction.kind, instruction.words,
                           None if before is None else before.kind, waits)

    def cycles(self, kind: Kind, words: int, before: Kind | None, waits: bool) -> int:
        """The same by classes: ``waits`` says that it reads what the one before it wrote."""
        if kind in (Kind.LOAD, Kind.STORE) and before is Kind.LOAD and not waits:
            return self.load_after_load
        if kind is Kind.SEVERAL:
            return self.several + words
        if kind in FLOATS:
            late = waits and before is Kind.FLOAT
            return self._once(kind) + words - 1 + (self.float_use if late else 0)
        return self._once(kind) + (self._late(kind, before) if waits else 0)

    def _late(self, kind: Kind, before: Kind | None) -> int:
        """Cycles until the result of the one before is there."""
        if before is Kind.LOAD:
            return 0 if kind is Kind.STORE else self.load_use
        if before is Kind.SHIFT or before in PRODUCTS:
            sums = kind in (Kind.MULTIPLY_SUM, Kind.LONG_MULTIPLY_SUM)
            return 0 if sums and before in PRODUCTS else self.late_use
        return 0

    def _once(self, kind: Kind) -> int:
        return {Kind.DIVIDE: self.divide, Kind.BRANCH: self.branch,
                Kind.MULTIPLY_SUM: self.multiply_sum, Kind.LONG_MULTIPLY: self.long_multiply,
                Kind.LONG_MULTIPLY_SUM: self.long_multiply_sum,
                Kind.LOAD: self.load, Kind.LOAD_BRANCH: self.load, Kind.STORE: self.store,
                Kind.FLOAT: self.floats, Kind.FLOAT_PRODUCT_SUM: self.product_sum,
                Kind.FLOAT_DIVIDE: self.float_divide}.get(kind, self.alu)
