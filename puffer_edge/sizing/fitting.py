# SPDX-License-Identifier: MIT
"""Whether what a policy takes is there: the verdict for a board and a scheme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from puffer_edge.boards import Board
from puffer_edge.sizing.measuring import Cost

Verdict = Literal["fits", "nearly", "does not fit", "not known"]
NEARLY = 2.0
"""Of what is there: up to so much may be saved by one change; more is another policy."""


@dataclass(frozen=True)
class Row:
    """A board and a scheme.

    Attributes:
        board, scheme: names.
        verdict: ``not known`` where the board's core is none that C is compiled for here, and
            what is known without that fits.
        flash, ram, stack: bytes, RAM with the stack; None where it was not built.
        flash_left, ram_left: bytes that the usual framework leaves; 0 of a card.
        instructions: of a step on the emulated core.
        microseconds: of a step, the least and the most; None without a model of the core.
        share: of the control period that a step may take at most; None without one or a rate.
        built: compiled for its core; else flash is the constants and a guess of the code.
        why: what is too little, for a verdict other than ``fits``.
        change: the one change that makes it fit, where it nearly does.
    """

    board: str
    scheme: str
    verdict: Verdict
    flash: int
    ram: int
    stack: int | None
    flash_left: int
    ram_left: int
    instructions: int | None = None
    microseconds: tuple[float, float] | None = None
    share: float | None = None
    built: bool = False
    why: str = ""
    change: str = ""


def judge(board: Board, scheme: str, cost: Cost, built: bool,
          microseconds: tuple[float, float] | None = None, rate: float = 0.0,
          unknown: str = "") -> Row:
    """The row of a board and a scheme, still without a change.

    Args:
        board: where it should run.
        scheme: in which.
        cost: what it takes on the board's core.
        built: whether that was compiled for it.
        microseconds: of a step, the least and the most.
        rate: steps per second; 0 where the user names none.
        unknown: why it could not be built where that matters.
    """
    ram = cost.ram + (cost.stack or 0) + (cost.constants if board.constants_in_ram else 0)
    share = microseconds[1] * rate / 1e6 if microseconds and rate else None
    needs = {"RAM": ram / board.ram.left}
    if board.flash.size:
        needs["flash"] = cost.flash / board.flash.left
    if share is not None:
        needs["time"] = share
    worst = max(needs, key=lambda name: needs[name])
    verdict: Verdict = ("does not fit" if needs[worst] > NEARLY else
                        "nearly" if needs[worst] > 1 else "not known" if unknown else "fits")
    why = ("" if verdict == "fits" else unknown if verdict == "not known" else
           f"{worst}: {_percent(needs[worst])} of what is there")
    return Row(board.name, scheme, verdict, cost.flash, ram, cost.stack, board.flash.left,
               board.ram.left, cost.instructions, microseconds, share, built, why)


def _percent(share: float) -> str:
    return f"{100 * share:,.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
