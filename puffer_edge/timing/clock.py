# SPDX-License-Identifier: MIT
"""Adds up the cycles of the blocks that a core executes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from puffer_edge.timing.cores import Core
from puffer_edge.timing.flash import Flash, Waiting
from puffer_edge.timing.thumb import decode


class Listener(Protocol):
    """Is told what a core does."""

    def block(self, address: int, size: int) -> None:
        """A block of straight code is entered."""

    def read(self, address: int, size: int) -> None:
        """Memory is read."""


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
        self._known: dict[tuple[int, int], tuple[int, int]] = {}
        self._end = -1
        self.instructions = self.cycles = 0

    @property
    def stalls(self) -> int:
        """Cycles that were waited for flash."""
        return 0 if self._waiting is None else self._waiting.cycles

    def block(self, address: int, size: int) -> None:
        """A block is entered; where it does not follow the last one, that ended in a branch."""
        known = self._known.get((address, size))
        if known is None:
            known = self._known[address, size] = self._cost(self._code(address, size))
        self.instructions += known[0]
        self.cycles += known[1] + (self._core.taken if address != self._end else 0)
        self._end = address + size
        if self._waiting is not None:
            self._waiting.execute(address, size)

    def read(self, address: int, size: int) -> None:
        """Memory is read."""
        if self._waiting is not None:
            self._waiting.read(address, size)

    def _cost(self, code: bytes) -> tuple[int, int]:
        """Instructions and cycles of a block; the one before it was a branch."""
        before, cycles, count = None, 0, 0
        for count, instruction in enumerate(decode(code), 1):  # noqa: B007
            cycles += self._core.cost(instruction, before)
            before = instruction
        return count, cycles
