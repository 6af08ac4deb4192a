# SPDX-License-Identifier: MIT
"""Boards by name: one file each in ``firmware/boards``, or a file of the user's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from puffer_edge.boards.board import (
    BareMetal,
    Board,
    Core,
    Fetch,
    FloatUnit,
    Grade,
    Memory,
    MicroPython,
    Names,
)
from puffer_edge.boards.reading import read_board
from puffer_edge.choices import choose
from puffer_edge.errors import UsageError

__all__ = ["FOLDER", "BareMetal", "Board", "Core", "Fetch", "FloatUnit", "Grade", "Memory",
           "MicroPython", "Names", "aliases", "boards", "find_board", "read_board"]

FOLDER = Path(__file__).parents[1] / "firmware" / "boards"
"""Where the files lie, in the tree as in an installed package."""
ADVICE = {
    "arduino": "there are several: arduino-uno, arduino-mega, nano-33-ble, nano-rp2040...",
    "nucleo": "name the whole board, as nucleo-f411re", "stm32": "name a board, as nucleo-f411re",
    "teensy": "did you mean teensy-4.1?", "nrf": "did you mean nrf52840-dk?",
    "cortex-m4": "a core is a --target; a board is one, as nucleo-f411re"}


@cache
def boards() -> dict[str, Board]:
    """All that we have, by name.

    Raises:
        FileFormatError: a file is damaged.
    """
    return {path.stem: read_board(path) for path in sorted(FOLDER.glob("*.toml"))}


@cache
def aliases() -> dict[str, str]:
    """Names that people type, too, for the board's name."""
    return {alias: board.name for board in boards().values() for alias in board.aliases}


def find_board(name: str) -> Board:
    """The board of that name, or of an alias; or that of the user's own ``.toml`` file.

    Raises:
        UsageError: there is none; the hint has what is near.
        FileFormatError: the user's file is damaged.
    """
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise UsageError("there is no such file of a board", where=name)
        return read_board(Path(name))
    return choose(name, boards(), what="board", aliases=aliases(), advice=ADVICE,
                  otherwise="`puffer-edge boards` lists them")
