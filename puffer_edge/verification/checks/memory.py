# SPDX-License-Identifier: MIT
"""Whether a chip or a board has the flash and the memory that a policy takes."""

from __future__ import annotations

from puffer_edge.boards import Board
from puffer_edge.targets import Target
from puffer_edge.verification.report import Report
from puffer_edge.verification.symbols import Sizes


def check_memory(core: Target, sizes: Sizes, stack: int | None, report: Report,
                 robot: int = 0) -> None:
    """Compares with a target that is a chip; the others are cores, whose chips have any size.

    Args:
        core: the target.
        sizes: what the policy adds to a firmware.
        stack: bytes that a step takes beside.
        report: gets the check.
        robot: bytes that a robot's contract takes.
    """
    if core.simavr_mcu is None:
        return
    memory = sizes.ram + robot + (stack or 0)
    report.check(f"flash and memory of the {core.title} suffice",
                 sizes.flash <= core.flash_bytes and memory <= core.ram_bytes,
                 f"flash {sizes.flash:,} of {core.flash_bytes:,} bytes, memory and stack "
                 f"{memory:,} of {core.ram_bytes:,}")


def check_board(board: Board, sizes: Sizes, stack: int | None, report: Report,
                robot: int = 0) -> None:
    """Compares with what the usual framework leaves on a board.

    Args:
        board: that the policy should run on.
        sizes: what it adds to a firmware.
        stack: bytes that a step takes beside.
        report: gets the check.
        robot: bytes that a robot's contract takes.
    """
    copied = sizes.constants if board.constants_in_ram else 0
    memory = sizes.ram + robot + copied + (stack or 0)
    report.check(f"flash and memory that {board.title} has left suffice",
                 sizes.flash <= board.flash.left and memory <= board.ram.left,
                 f"flash {sizes.flash:,} of {board.flash.left:,} bytes, memory and stack "
                 f"{memory:,} of {board.ram.left:,}")
