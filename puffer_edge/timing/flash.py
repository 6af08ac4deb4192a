# SPDX-License-Identifier: MIT
"""Flash that is slower than the core, behind small caches: how often the core waits."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True)
class Flash:
    """A flash and its accelerator; the defaults are those of the STM32F4's (RM0090, ART).

    Attributes:
        wait_states: cycles that the core waits for a line that no cache has.
        line: bytes that the flash gives at once.
        instruction_lines, data_lines: lines that the caches for code and constants hold.
        shared: the first of them holds both.
        start, end: addresses that lie in flash.
    """

    wait_states: int
    line: int = 16
    instruction_lines: int = 64
    data_lines: int = 8
    start: int = 0
    end: int = 0x1000_0000
    shared: bool = False


class Lines:
    """A cache that forgets what was not used for longest."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._held: OrderedDict[int, None] = OrderedDict()

    def holds(self, line: int) -> bool:
        """Whether the line is there; from now on it is."""
        found = line in self._held
        self._held[line] = None
        self._held.move_to_end(line)
        if len(self._held) > self._count:
            self._held.popitem(last=False)
        return found


class Waiting:
    """Counts the lines that a core waits for.

    Code that goes on to the next line does not wait, as the accelerator has fetched it by then.
    """

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self._code = Lines(flash.instruction_lines)
        self._data = self._code if flash.shared else Lines(flash.data_lines)
        self._last = -1
        self.code_misses = self.data_misses = 0

    @property
    def cycles(self) -> int:
        """Cycles that were waited."""
        return self._flash.wait_states * (self.code_misses + self.data_misses)

    def execute(self, address: int, size: int) -> None:
        """A straight piece of code is executed."""
        for line in self._lines(address, size):
            if line != self._last:
                ahead = line == self._last + 1
                if not self._code.holds(line) and not ahead:
                    self.code_misses += 1
                self._last = line

    def read(self, address: int, size: int) -> None:
        """Constants are read, or something that does not lie in flash."""
        if self._flash.start <= address < self._flash.end:
            self.data_misses += sum(not self._data.holds(line)
                                    for line in self._lines(address, size))

    def _lines(self, address: int, size: int) -> range:
        return range(address // self._flash.line, (address + size - 1) // self._flash.line + 1)
