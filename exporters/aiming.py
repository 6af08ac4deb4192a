# SPDX-License-Identifier: MIT
"""The target that a board means, and whether the two that a user names fit."""

from __future__ import annotations

from puffer_edge.boards import Board, find_board
from puffer_edge.errors import UsageError
from puffer_edge.targets import RPI, TARGETS, find_exported

DEFAULT = "cortex-m"


def aim(target: str, board: str) -> tuple[str, Board | None]:
    """The name of a target, and the board, of what the user gave; empty is nothing.

    A board that is for MicroPython, or for a target that has none, is that target's to judge.

    Raises:
        UsageError: there is no such target or board, C is not compiled for it here, or its core is
            another than the target.
    """
    if not board:
        return find_exported(target or DEFAULT).name, None
    found = find_exported(target).name if target else ""
    if found and found not in TARGETS and found != RPI.name:
        return found, None
    chosen = find_board(board)
    meant = chosen.core.target
    if not meant:
        raise UsageError(f"C is not compiled for a {chosen.core.name} here",
                         hint="the header of any target compiles for it, as of --target riscv32, "
                              "and the self-test proves it there; or --target micropython"
                         if not found else "leave out --board")
    if found and found != find_exported(meant).name:
        raise UsageError(f"{chosen.title} has a {chosen.core.name}, which is no {found}",
                         hint=f"leave out --target, or give --target {meant}")
    return find_exported(meant).name, chosen
