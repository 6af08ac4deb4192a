# SPDX-License-Identifier: MIT
"""What decides how long an instruction takes: its class, how much it moves, what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Classes of instructions that take the same time."""

    ALU = "alu"
    DIVIDE = "divide"
    LOAD = "load"
    STORE = "store"
    SEVERAL = "several"
    """Loads or stores of more than one register."""
    BRANCH = "branch"
    LOAD_BRANCH = "load and branch"
    FLOAT = "float"
    FLOAT_PRODUCT_SUM = "float product and sum"
    FLOAT_DIVIDE = "float divide"


FLOATS = frozenset((Kind.FLOAT, Kind.FLOAT_PRODUCT_SUM, Kind.FLOAT_DIVIDE))


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        kind: its class.
        size: bytes.
        words: that it moves, of :attr:`Kind.SEVERAL`, and of a transfer between register files.
        reads, writes: registers that a neighbour may wait for, those of loads, stores and floats
            only: 0 to 15, and 16 + n for the float register n.
    """

    kind: Kind
    size: int
    words: int = 1
    reads: frozenset[int] = frozenset()
    writes: frozenset[int] = frozenset()
