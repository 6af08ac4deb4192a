# SPDX-License-Identifier: MIT
"""Builds an artefact, runs it on the host and on an emulated core, and judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import as_json, replace_file
from puffer_edge.artefact.opening import Subject, read_subject
from puffer_edge.boards import boards
from puffer_edge.errors import UsageError
from puffer_edge.exporters.aiming import aim
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.quantization.agreement import AGREEMENT
from puffer_edge.targets import Target
from puffer_edge.verification.demands import Demands
from puffer_edge.verification.describing import about
from puffer_edge.verification.job import Job
from puffer_edge.verification.originals.asking import Given, ask, unasked
from puffer_edge.verification.reference import Reference
from puffer_edge.verification.report import Check, Report
from puffer_edge.verification.verifiers import look_up


def verify(directory: Path, *, target: str = "", board: str = "", toolchain: str = "",
           emulator: str = "", optimize: str = "", reference: Path | Reference | None = None,
           original: Given | None = None, min_agreement: float | None = None,
           max_error: float | None = None, trust: bool = False, native: bool = True,
           page: bool = False,
           progress: Callable[[str], None] = lambda text: None) -> Report:
    """Verifies an artefact and writes report.json and report.md into it.

    What is not given has a default; what is given and means nothing for that kind of artefact is
    refused, before anything is written.

    Args:
        directory: what export wrote.
        target: a key of ``TARGETS``; the one exported for by default.
        board: whose memory must suffice, and which tells how long a step takes; by default the one
            exported for, unless a target is named.
        toolchain: zig (by default), gcc or clang; gcc alone for an AVR.
        emulator: unicorn (by default, where it knows the core) or qemu, simavr for an AVR; not
            for the host.
        optimize: the compiler's optimisation flag; -O2 by default.
        reference: see :func:`verification.reference.load_for`.
        original: the policy file, which the library that owns its format runs once more.
        min_agreement: share of greedy actions that an integer policy must have in common with the
            float one; 0.95 by default.
        max_error: largest mean error of its continuous action; see
            :class:`verification.demands.Demands`.
        trust: compile and run the code that lies there, also where it is not what this version
            makes of the artefact's Program.
        native: also build and run it on this computer; without, the emulated core does everything
            but the run of many steps.
        page: the report gets what ``report.html`` shows beside the checks.
        progress: is told what is being done.

    Returns:
        The report, also where it cannot be written; ``unwritten`` says why then.

    Raises:
        UsageError: an option contradicts the artefact, or another one.
        FileFormatError: the directory is no artefact, its code is not what this version makes of
            its Program (unless it is trusted), or the reference does not fit.
        MissingDependencyError: a compiler or an emulator is not installed.
        VerificationError: the policy does not compile, or faults. What merely differs is a failed
            check of the report instead.
        ToolError: a compiler, emulator or interpreter does not end in its time.
    """
    demands = Demands(AGREEMENT if min_agreement is None else min_agreement, max_error)
    subject = read_subject(directory)
    built = _given(toolchain=toolchain or None, emulator=emulator or None,
                   optimize=optimize or None)
    given = built | _given(reference=reference, original=original, min_agreement=min_agreement,
                           max_error=max_error)
    given |= _given(board=board or None)
    board = board or ("" if target else _exported_for(subject.manifest))
    target, chosen = aim(target, board) if board else (target, None)
    verifier, core = look_up(subject.manifest, target, given)
    if isinstance(core, Target) and core.emulators:
        built = {"toolchain": core.toolchain, "emulator": core.emulators[0]} | built
    told, reference = _judges(subject, reference, original, progress)
    code = read_code(directory, subject.manifest, trust=trust)
    report = verifier.verify(Job(subject, code, core, demands, board=chosen, native=native,
                                 reference=reference, page=page, progress=progress, **built))
    report.tools = {**subject.manifest.get("tools", {}), **report.tools}
    report.checks += told
    report.reading = (told[0].detail if told else
                      f"judged by {reference.name}" if isinstance(reference, Path) else
                      unasked(subject.manifest))
    if page:
        faults = report.more.get("shield", {})
        report.more |= about(subject)
        if faults:
            report.more["shield"] |= faults
    write_report(directory, report)
    return report


def _exported_for(manifest: Mapping[str, Any]) -> str:
    """The board that an artefact in C was exported for, unless it is a file of the user's."""
    board: str = manifest.get("board", "")
    return board if board in boards() else ""


def _judges(subject: Subject, reference: Path | Reference | None, original: Given | None,
            progress: Callable[[str], None]) -> tuple[list[Check], Path | Reference | None]:
    """What the original says of what was read, and what judges how the policy acts."""
    if original is None:
        return [], reference
    if reference is not None:
        raise UsageError("a reference and the original are two judges",
                         hint="verify once with each")
    asked = ask(subject, original, progress)
    return asked.checks, asked.reference


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def write_report(directory: Path, report: Report) -> None:
    """Puts the report into the artefact; one that cannot be written keeps its verdict."""
    try:
        replace_file(directory / "report.json", as_json(report.to_json()))
        replace_file(directory / "report.md", report.to_markdown().encode())
    except OSError as error:
        report.unwritten = f"the report cannot be written: {error.strerror}"
