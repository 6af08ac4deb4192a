# SPDX-License-Identifier: MIT
"""A policy in every scheme on every board: exports, builds once per core, judges per board."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from puffer_edge.artefact.opening import Subject
from puffer_edge.boards import Board
from puffer_edge.errors import MissingDependencyError, UnsupportedError, UsageError
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import FLOATING, SCHEMES
from puffer_edge.sizing.changes import with_changes
from puffer_edge.sizing.exporting import TARGET, exported, made_up
from puffer_edge.sizing.fitting import Row, judge
from puffer_edge.sizing.measuring import Cost, from_manifest, measure
from puffer_edge.targets import TARGETS, Target

ALL_SCHEMES = (*FLOATING, *SCHEMES)
TOO_LARGE = 512 << 10
"""Bytes of constants that are not built where no board would hold them: code is 1 % of them."""
Progress = Callable[[str], None]


def examine(program: Program, boards: Sequence[Board], *, schemes: Sequence[str] = ALL_SCHEMES,
            rate: float = 0.0, calibrate: str | Recording = "", steps: int = 4000,
            progress: Progress = lambda text: None) -> list[Row]:
    """Which boards a policy fits on.

    Args:
        program: as a front end made it.
        boards: those that are asked for.
        schemes: those that are; one that has no form for the policy is left out.
        rate: steps per second that the policy should run at; 0 for none.
        calibrate: see :func:`quantization.recording.record`; what integers take depends on it only
            where it decides their form, so without one observations are made up.
        steps: to play in an environment.
        progress: is told what is being done.

    Raises:
        UsageError: there is no such scheme, or the rate is none; no scheme has a form.
        MissingDependencyError: the compiler or the emulator is not installed.
    """
    for scheme in schemes:
        if scheme not in ALL_SCHEMES:
            raise UsageError(f"there is no scheme {scheme!a:.60}",
                             hint=f"choose some of {', '.join(ALL_SCHEMES)}")
    if not 0 <= rate <= 1e6:
        raise UsageError(f"the rate {rate} is none", hint="give one as 100Hz")
    rows: list[Row] = []
    manifests: dict[str, dict[str, Any]] = {}
    refused: list[UnsupportedError] = []
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
        given = calibrate or made_up(program)
        for scheme in schemes:
            folder = Path(work) / scheme
            folder.mkdir()
            progress(f"exporting in {scheme}")
            try:
                subject, header_for = exported(ExportRequest(
                    program, TARGET, "policy", scheme=scheme, steps=steps,
                    calibrate="" if scheme in FLOATING else given), folder)
            except UnsupportedError as error:
                refused.append(error)
                continue
            manifests[scheme] = subject.manifest
            rows += _rows(subject, header_for, boards, scheme, rate, folder, progress)
    if not manifests:
        raise refused[0]
    return with_changes(rows, manifests)


def _rows(subject: Subject, header_for: Callable[[Target], bytes], boards: Sequence[Board],
          scheme: str, rate: float, folder: Path, progress: Progress) -> Iterator[Row]:
    """The rows of one scheme: each core is built once."""
    known = from_manifest(subject.manifest)
    costs: dict[str, Cost | MissingDependencyError] = {}
    for board in boards:
        core = TARGETS.get(board.core.target)
        if core is None:
            computer = board.core.target == "rpi"  # of whose memory a policy takes next to nothing
            yield judge(board, scheme, known, False, rate=rate, unknown="" if computer else
                        f"no compiler for {board.core.name} here")
        elif not worth_building(board, boards, known, core):
            yield judge(board, scheme, known, False, rate=rate)
        else:
            if core.name not in costs:
                progress(f"building in {scheme} for {core.title}")
                costs[core.name] = _measured(subject, header_for(core), core, folder, [
                    each for each in boards if each.core.target == board.core.target])
            found = costs[core.name]
            if isinstance(found, MissingDependencyError):
                yield judge(board, scheme, known, False, rate=rate, unknown=found.what)
            else:
                yield judge(board, scheme, found, True, _microseconds(board, found), rate)


def _measured(subject: Subject, header: bytes, core: Target, folder: Path,
              boards: Sequence[Board]) -> Cost | MissingDependencyError:
    """What it takes, or that the core's own tools are missing: pip does not install them."""
    place = folder / core.name
    place.mkdir()
    try:
        return measure(subject, header, core, place, boards)
    except MissingDependencyError as error:
        if core.zig_target:
            raise
        return error


def _microseconds(board: Board, cost: Cost) -> tuple[float, float] | None:
    if told := cost.estimates.get(board.name):
        return told.microseconds(told.least), told.microseconds(told.most)
    if cost.cycles is None:
        return None
    least, most = (1e6 * cycles / board.core.clock for cycles in cost.cycles)
    return least, most


def worth_building(board: Board, boards: Sequence[Board], known: Cost, core: Target) -> bool:
    """Whether some board with that core might hold it, or its code counts; a chip must hold it."""
    if core.simavr_mcu:
        return known.flash <= core.flash_bytes and known.ram <= core.ram_bytes // 2
    return known.constants < TOO_LARGE or any(
        known.constants <= other.flash.left for other in boards
        if other.core.target == board.core.target)
