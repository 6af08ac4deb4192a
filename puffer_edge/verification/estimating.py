# SPDX-License-Identifier: MIT
"""How long a step takes on a board: an estimate from the core's table and the flash's wait states.

Never a measurement: what the table was compared with, and what not, is told beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puffer_edge.boards import Board, Fetch
from puffer_edge.targets import Target
from puffer_edge.timing import CORES, Clock, Flash
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine


@dataclass(frozen=True)
class Estimate:
    """Cycles of a step.

    Attributes:
        least: nothing waits for flash.
        likely: with the board's caches, filled by the step before.
        most: every line that is not the next one waits.
        hertz: of the core.
        validated: what the table was compared with.
    """

    least: int
    likely: int
    most: int
    hertz: int
    validated: str

    def microseconds(self, cycles: int) -> float:
        """The time of so many cycles."""
        return 1e6 * cycles / self.hertz

    @property
    def text(self) -> str:
        """One sentence for a person."""
        least, likely, most = (f"{self.microseconds(each):,.1f}"
                               for each in (self.least, self.likely, self.most))
        return (f"a step takes about {likely} us, {least} without and {most} with every wait for "
                f"flash: an estimate, no measurement; the table of the core is compared with "
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
    table = CORES.get(core.name)
    if table is None:
        return {}
    kinds = {(flash, caches): Clock(table, machine.code, _flash(flash, core, caches))
             for board in boards for flash in [board.fetch] for caches in (True, False)}
    for _ in range(2):
        before = {kind: (clock.cycles, clock.stalls) for kind, clock in kinds.items()}
        machine.timed_step(observation, _Several([*kinds.values()]))
    found = {}
    for board in boards:
        clock, start = kinds[board.fetch, True], before[board.fetch, True]
        bare, bare_start = kinds[board.fetch, False], before[board.fetch, False]
        least = clock.cycles - start[0]
        found[board.name] = Estimate(
            least, least + clock.stalls - start[1], least + bare.stalls - bare_start[1],
            board.core.clock, table.validated)
    return found


def _flash(fetch: Fetch | None, core: Target, caches: bool) -> Flash | None:
    """The flash of a board, with its caches or without; none where nothing waits for it."""
    if fetch is None or fetch.copied or not fetch.wait_states:
        return None
    lines = fetch.cache // fetch.line if caches else 0
    data = (fetch.data_cache or fetch.cache) // fetch.line if caches else 0
    return Flash(fetch.wait_states, fetch.line, lines, data, core.flash_origin,
                 core.flash_origin + 0x1000_0000)
