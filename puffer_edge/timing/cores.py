# SPDX-License-Identifier: MIT
"""How long each class of instructions takes on a core: one small table per core."""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.timing.instruction import FLOATS, Instruction, Kind


@dataclass(frozen=True)
class Core:
    """Cycles by class, for code and data in memory without wait states.

    Attributes:
        source: where the table is from.
        validated: what it was compared with, and how far off it was.
        alu, divide, load, store, floats, product_sum, float_divide: cycles of one instruction.
        divide: the middle of what it takes, as that depends on the numbers.
        load_after_load: a load or store behind a load, unless it waits for it.
        several: loads and stores of more registers, beside one cycle per word.
        taken: a branch that is taken, beside the cycle of any.
        float_use: an operation on floats that waits for the one before it.
    """

    source: str
    validated: str
    alu: int = 1
    divide: int = 6
    load: int = 2
    load_after_load: int = 1
    store: int = 1
    several: int = 1
    taken: int = 3
    floats: int = 1
    product_sum: int = 3
    float_divide: int = 14
    float_use: int = 1

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
        return self._once(kind)

    def _once(self, kind: Kind) -> int:
        return {Kind.ALU: self.alu, Kind.BRANCH: self.alu, Kind.DIVIDE: self.divide,
                Kind.LOAD: self.load, Kind.LOAD_BRANCH: self.load, Kind.STORE: self.store,
                Kind.FLOAT: self.floats, Kind.FLOAT_PRODUCT_SUM: self.product_sum,
                Kind.FLOAT_DIVIDE: self.float_divide}[kind]


CORES = {
    "cortex-m4": Core(
        source="Arm Cortex-M4 Processor Technical Reference Manual (100166), tables of cycles of "
               "the core and of the FPU",
        validated="18 measurements of pqm4 on a board without wait states, integers only, within "
                  "1 %; floats and wait states are not validated"),
}
"""By the name of the target."""
