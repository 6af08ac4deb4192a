# SPDX-License-Identifier: MIT
"""How long a step of an artefact takes on a board: an estimate, as ``verify --board`` has it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from puffer_edge.artefact.opening import read_subject
from puffer_edge.boards import Board
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.sizing.measuring import measure
from puffer_edge.targets import TARGETS
from puffer_edge.verification.estimating import Estimate

HEADER = "policy.h"


def step_time(directory: Path, board: Board, *, trust: bool = False) -> Estimate | None:
    """The estimate for a board: of the step from integers where the board has no FPU.

    Args:
        directory: an artefact.
        board: on which.
        trust: take the code that lies there, also where this version would not write it.

    Returns:
        None where there is no model: of another language, or a core without a table.

    Raises:
        FileFormatError: the artefact is damaged.
        MissingDependencyError: the compiler or the emulator is not installed.
    """
    subject, core = read_subject(directory), TARGETS.get(board.core.target)
    if core is None or HEADER not in subject.manifest.get("files", {}):
        return None
    header = read_code(directory, subject.manifest, trust=trust)[HEADER]
    if subject.integers is not None and board.core.float_unit == "none":
        subject = subject.integers
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as folder:
        cost = measure(subject, header, core, Path(folder), [board])
    if cost.cycles is not None:
        least, most = cost.cycles
        return Estimate(least, most, most, board.core.clock, "", core.emulators[0])
    return cost.estimates.get(board.name)
