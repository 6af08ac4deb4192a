# SPDX-License-Identifier: MIT
"""What one artefact takes on one board: as ``doctor`` measures it, for a request of any kind."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from puffer_edge.boards import Board
from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.sizing.doctor import worth_building
from puffer_edge.sizing.exporting import exported
from puffer_edge.sizing.measuring import Cost, from_manifest, measure
from puffer_edge.targets import TARGETS

CYCLES = 2.0
"""Of an instruction on a core without a model: a guess."""


@dataclass(frozen=True)
class Price:
    """What a policy takes.

    Attributes:
        flash: bytes: weights, code, and the routines of the compiler's library.
        ram: bytes, with the stack.
        microseconds: of a step, with every wait for flash; None on a core that is not emulated.
        modelled: by a model of the core; else a guess by the number of instructions.
        built: compiled for the core; else the code is a guess, too.
    """

    flash: int
    ram: int
    microseconds: float | None
    modelled: bool
    built: bool


def price(request: ExportRequest, board: Board, *, integers: bool = False) -> Price:
    """Builds an artefact for a board's core and runs some steps on the emulated one.

    Args:
        request: for ``exporting.TARGET``.
        board: where the policy should run.
        integers: without the step from floats.

    Raises:
        UnsupportedError: the scheme has no form for the policy.
        MissingDependencyError: the compiler or the emulator is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
        folder = Path(work)
        subject, header_for = exported(request, folder)
        if integers and subject.integers is None:
            raise UnsupportedError("there is no step from integers",
                                   hint="leave out --integers")
        core, known = TARGETS.get(board.core.target), from_manifest(subject.manifest)
        if core is None or not worth_building(board, [board], known, core):
            return _priced(known, board, built=False)
        (folder / "built").mkdir()
        measured = subject.integers if integers and subject.integers else subject
        found = measure(measured, header_for(core), core, folder / "built", [board])
        return _priced(found, board, built=True)


def _priced(cost: Cost, board: Board, *, built: bool) -> Price:
    ram = cost.ram + (cost.stack or 0) + (cost.constants if board.constants_in_ram else 0)
    told = cost.estimates.get(board.name)
    if told is not None:
        return Price(cost.flash, ram, told.microseconds(told.most), True, built)
    if cost.cycles is not None:
        return Price(cost.flash, ram, 1e6 * max(cost.cycles) / board.core.clock, True, built)
    guess = (None if cost.instructions is None
             else 1e6 * CYCLES * cost.instructions / board.core.clock)
    return Price(cost.flash, ram, guess, False, built)
