# SPDX-License-Identifier: MIT
"""What MicroPython is on a board, and where there is no board."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import get_args

from puffer_edge import boards
from puffer_edge.boards import Board, Grade
from puffer_edge.choices import choose
from puffer_edge.errors import UsageError

NATIVE: tuple[Grade, ...] = ("viper", "thumb")
"""Grades of machine code."""


@dataclass(frozen=True)
class Profile:
    """MicroPython, as export and flash know it.

    Attributes:
        name: what the user types.
        title: what is printed.
        arch, grades, compiled, small: see :class:`puffer_edge.boards.MicroPython`.
        memory: bytes of RAM that the board has; 0 where that is not known.
    """

    name: str
    title: str
    arch: str = ""
    grades: tuple[Grade, ...] = ("unrolled", "bytecode")
    compiled: bool = True
    small: bool = False
    memory: int = 0

    @property
    def dsp(self) -> bool:
        """Whether its core has SMLAD and its friends."""
        return self.arch.startswith("armv7em")

    def runs(self, other: Profile) -> bool:
        """Whether what was exported for another runs here, byte for byte."""
        return (self.arch, self.grades, self.compiled, self.small) == (
            other.arch, other.grades, other.compiled, other.small)


ANY = Profile("any", "any board")
UNIX = Profile("unix", "the unix port, or CPython", compiled=False)
ALSO = {"linux": "unix", "cpython": "unix", "esp32-s2": "esp32", "esp32s2": "esp32"}
"""Names that people type, too, beside those of boards."""


@cache
def profiles() -> dict[str, Profile]:
    """Every board that MicroPython runs on, and what is none."""
    return {ANY.name: ANY, UNIX.name: UNIX, **{
        name: _profile(board) for name, board in boards.boards().items() if board.micropython}}


def find_profile(name: str) -> Profile:
    """That of the board of that name, or alias; without a name any board's.

    Raises:
        UsageError: there is no such board, or MicroPython does not run there.
    """
    every: dict[str, Board | Profile] = {**boards.boards(), **profiles()}
    found = choose(name or ANY.name, every, what="board", advice=boards.ADVICE,
                   aliases={**boards.aliases(), **ALSO},
                   otherwise="`puffer-edge boards` lists them")
    return found if isinstance(found, Profile) else _profile(found)


def find_grade(board: Profile, name: str) -> Grade:
    """The grade of that name; without a name the board's fastest.

    Raises:
        UsageError: there is none, or the board's MicroPython does not run it.
    """
    for grade in get_args(Grade):
        if grade == name and grade in board.grades:
            return grade  # type: ignore[no-any-return]
    if name:
        raise UsageError(f"{board.title} runs no kernels called {name!r}",
                         hint=f"choose one of {', '.join(board.grades)}"
                         + (", or name a --board" if board is ANY else ""))
    return board.grades[0]


def _profile(board: Board) -> Profile:
    runs = board.micropython
    if runs is None:
        raise UsageError(f"MicroPython does not run on {board.title}",
                         hint="`puffer-edge boards` lists where it does")
    return Profile(board.name, board.title, runs.arch, runs.grades, runs.compiled, runs.small,
                   board.ram.size)
