# SPDX-License-Identifier: MIT
"""Adds up the cycles of the blocks that a core executes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from puffer_edge.timing import riscv, thumb
from puffer_edge.timing.core import Core
from puffer_edge.timing.flash import Flash, Waiting

_DECODE = {"thumb": thumb.decode, "riscv32": riscv.decode}


class Listener(Protocol):
    """Is told what a core does."""

    def block(self, address: int, size: int) -> None:
        """A block of straight code is entered."""

    def read(self, address: int, size: int) -> None:
        """Memory is read."""


class _Block(NamedTuple):
    """A block: its instructions, its cycles, and those of a branch that leaves it."""

    instructions: int
    cycles: int
    leaving: int


class Foresight:
    """Branches go where they went: two bits for each, as in most cores that foresee."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def right(self, address: int, taken: bool) -> bool:
        """Whether that was foreseen of the branch that ends there; from now on it is known."""
        state = self._seen.get(address, 1)
        self._seen[address] = min(state + 1, 3) if taken else max(state - 1, 0)
        return (state > 1) == taken


class Clock:
    """Is told every block of straight code in the order of execution, and every read.

    Args:
        core: how long instructions take.
        code: gives the bytes at an address.
        flash: where code and constants lie; none waits for nothing.

    Attributes:
        instructions: executed, those that a condition skips included.
        cycles: without those of :attr:`stalls`.
    """

    def __init__(self, core: Core, code: Callable[[int, int], bytes],
                 flash: Flash | None = None) -> None:
        self._core, self._code = core, code
        self._waiting = None if flash is None else Waiting(flash)
        self._known: dict[tuple[int, int], _Block] = {}
        self._foresight = Foresight()
        self._end = -1
        self._last = _Block(0, 0, core.leaving(None))
        self.instructions = self.cycles = 0

    @property
    def stalls(self) -> int:
        """Cycles that were waited for flash."""
        return 0 if self._waiting is None else self._waiting.cycles

    def block(self, address: int, size: int) -> None:
        """A block is entered; where it does not follow the last one, that ended in a branch."""
        known = self._known.get((address, size))
        if known is None:
            known = self._known[address, size] = self._told(self._code(address, size))
        taken = address != self._end
        self.instructions += known.instructions
        self.cycles += known.cycles + (self._last.leaving if taken else 0)
        if self._core.mispredicted and not self._foresight.right(self._end, taken):
            self.cycles += self._core.mispredicted
        self._end, self._last = address + size, known
        if self._waiting is not None:
            self._waiting.execute(address, size)

    def read(self, address: int, size: int) -> None:
        """Memory is read."""
        if self._waiting is not None:
            self._waiting.read(address, size)

    def _told(self, code: bytes) -> _Block:
        """What a block takes; the one before it was a branch."""
        instructions = [*_DECODE[self._core.isa](code)]
        last = instructions[-1] if instructions else None
        return _Block(len(instructions), self._core.block(instructions), self._core.leaving(last))
