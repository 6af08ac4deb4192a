# SPDX-License-Identifier: MIT
"""What decides how long an instruction takes: its class, how much it moves, what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Classes of instructions that take the same time."""

    ALU = "alu"
    SHIFT = "shift"
    """What shifts or extracts within another operation, bits, and DSP but for products."""
    MULTIPLY = "multiply"
    MULTIPLY_SUM = "multiply and sum"
    LONG_MULTIPLY = "long multiply"
    LONG_MULTIPLY_SUM = "long multiply and sum"
    DIVIDE = "divide"
    LOAD = "load"
    STORE = "store"
    SEVERAL = "several"
    """Loads or stores of more than one register."""
    BRANCH = "branch"
    """Thumb: any but calls; RISC-V: those with a condition."""
    JUMP = "jump"
    """RISC-V: without a condition, calls and returns included."""
    CALL = "call"
    LOAD_BRANCH = "load and branch"
    FLOAT = "float"
    FLOAT_PRODUCT_SUM = "float product and sum"
    FLOAT_DIVIDE = "float divide"


FLOATS = frozenset((Kind.FLOAT, Kind.FLOAT_PRODUCT_SUM, Kind.FLOAT_DIVIDE))
PRODUCTS = frozenset((Kind.MULTIPLY, Kind.MULTIPLY_SUM, Kind.LONG_MULTIPLY,
                      Kind.LONG_MULTIPLY_SUM))


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        kind: its class.
        size: bytes.
        words: that it moves, of :attr:`Kind.SEVERAL`, and of a transfer between register files.
        reads, writes: registers that a neighbour may wait for: 0 to 15 (RISC-V 1 to 31), and
            32 + n for the float register n; not flags, and of several only what is loaded.
        returns: :attr:`Kind.SEVERAL` that loads the program counter.
    """

    kind: Kind
    size: int
    words: int = 1
    reads: frozenset[int] = frozenset()
    writes: frozenset[int] = frozenset()
    returns: bool = False
