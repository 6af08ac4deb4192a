# SPDX-License-Identifier: MIT
"""How long a step takes on a board: an estimate from the core's table and the flash's wait states.

Never a measurement: what the table was compared with, and what not, is told beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from puffer_edge.boards import Board, Fetch
from puffer_edge.targets import Target
from puffer_edge.timing import CORES, Clock, Core, Flash
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine


@dataclass(frozen=True)
class Estimate:
    """Cycles of a step.

    Attributes:
        least: nothing waits for flash.
        likely: with the board's caches, filled by the step before.
        most: every line that is not the next one waits, and no two instructions go together.
        hertz: of the core.
        validated: what the table was compared with.
        counted: the emulator that counts cycles itself, in place of a table.
    """

    least: int
    likely: int
    most: int
    hertz: int
    validated: str
    counted: str = ""

    def microseconds(self, cycles: int) -> float:
        """The time of so many cycles."""
        return 1e6 * cycles / self.hertz

    @property
    def text(self) -> str:
        """One sentence for a person."""
        least, likely, most = (f"{self.microseconds(each):,.1f}"
                               for each in (self.least, self.likely, self.most))
        if self.counted:
            return f"a step takes {least} to {most} us: the cycles that {self.counted} counts"
        return (f"a step takes about {likely} us, {least} without and {most} with every wait "
                f"that may be: an estimate, no measurement; the table of the core is compared with "
                f"{self.validated}")


class _Several:
    """Tells several clocks the same."""

    def __init__(self, clocks: Sequence[Clock]) -> None:
        self._clocks = clocks

    def block(self, address: int, size: int) -> None:
        for clock in self._clocks:
            clock.block(address, size)

    def read(self, address: int, size: int) -> None:
        for clock in self._clocks:
            clock.read(address, size)


def estimates(machine: UnicornMachine, observation: bytes, core: Target, boards: Sequence[Board]
              ) -> dict[str, Estimate]:
    """What a step takes on boards of one core, by the board's name; none without a table.

    Args:
        machine: that the policy is loaded in.
        observation: of the step, which is made twice: the first fills the caches.
        core: of the machine.
        boards: that have it.
    """
    boards = [board for board in boards if board.core.name in CORES]
    kinds = {kind: Clock(_table(kind), machine.code, _flash(kind, core))
             for board in boards for kind in _extremes(board)}
    if not kinds:
        return {}
    for _ in range(2):
        before = {kind: (clock.cycles, clock.stalls) for kind, clock in kinds.items()}
        machine.timed_step(observation, _Several([*kinds.values()]))
    found = {}
    for board in boards:
        (usual, stalls), (worst, worst_stalls) = (
            (kinds[kind].cycles - before[kind][0], kinds[kind].stalls - before[kind][1])
            for kind in _extremes(board))
        found[board.name] = Estimate(usual, usual + stalls, worst + worst_stalls,
                                     board.core.clock, CORES[board.core.name].validated)
    return found


@dataclass(frozen=True)
class _Kind:
    """What boards have in common that wait alike: the core, its flash, and whether all is well."""

    core: str
    fetch: Fetch | None
    usual: bool


def _extremes(board: Board) -> tuple[_Kind, _Kind]:
    """With the board's caches; and without, and one instruction at a time."""
    return (_Kind(board.core.name, board.fetch, True), _Kind(board.core.name, board.fetch, False))


def _table(kind: _Kind) -> Core:
    table = CORES[kind.core]
    return table if kind.usual else replace(table, pairs=False)


def _flash(kind: _Kind, core: Target) -> Flash | None:
    """The flash of a board, with its caches or without; none where nothing waits for it."""
    fetch = kind.fetch
    if fetch is None or fetch.copied or not fetch.wait_states:
        return None
    lines = fetch.cache // fetch.line if kind.usual else 0
    data = fetch.data_cache // fetch.line if kind.usual else 0
    return Flash(fetch.wait_states, fetch.line, lines, data, core.flash_origin,
                 core.flash_origin + 0x1000_0000, shared=not fetch.data_cache)
