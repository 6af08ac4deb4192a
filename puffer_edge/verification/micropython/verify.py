"""Runs a MicroPython artefact under CPython and MicroPython, and judges it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.artefact.opening import Subject, acting, heads_of
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import FileFormatError, VerificationError
from puffer_edge.exporters.micropython.boards import MICROBIT, NATIVE, find_board
from puffer_edge.ir import Continuous
from puffer_edge.verification import verify as common
from puffer_edge.verification.agreement import Demands, check_agreement
from puffer_edge.verification.check_reference import Ran, check_reference
from puffer_edge.verification.micropython.interpreters import (
    PINNED,
    find_webassembly,
    run_cpython,
    run_webassembly,
)
from puffer_edge.verification.micropython.microbit import Microbit, find_microbit
from puffer_edge.verification.micropython.session import CARRIED, Runner, Session
from puffer_edge.verification.recorded import read_recorded
from puffer_edge.verification.reference import Reference, load_for
from puffer_edge.verification.report import Report

Array = npt.NDArray[Any]

SQUASHED = 1e-6
"""Largest difference of a squashed action, as tanh is the port's own there."""


def verify(subject: Subject, code: Mapping[str, bytes], *, demands: Demands,
           reference: Path | Reference | None = None,
           progress: Callable[[str], None] = lambda text: None) -> Report:
    """The report of a MicroPython artefact; see :func:`puffer_edge.verification.verify.verify`.

    Raises:
        FileFormatError: a file of the artefact is missing.
    """
    for name in CARRIED:
        if name not in code:
            raise FileFormatError(f"the artefact has no {name}", where=str(subject.directory),
                                  hint="export the policy again")
    if subject.integers is None:
        raise FileFormatError("the artefact takes no integers", where=str(subject.directory),
                              hint="export the policy again")
    manifest = subject.manifest
    built = manifest.get("micropython", {})
    report = Report(manifest["name"], manifest["target"],
                    f"{built.get('kernels')} kernels for {built.get('board')}", "",
                    f"MicroPython {PINNED} (WebAssembly) and CPython", notes=manifest["notes"])
    common.check_files(subject, report)
    if built.get("board") == MICROBIT.name and find_microbit():
        progress("running on an emulated micro:bit")
        _run_microbit(subject, code, report)
    elif built.get("kernels") in NATIVE:
        report.skip("outputs from the native kernels", "they run on the board only: "
                    "`puffer-edge flash` runs the self-test there")
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
        session = Session(subject, code, Path(work))
        progress("running under CPython")
        _run(session, run_cpython, "CPython", report)
        if find_board(built.get("board", "")).small:
            report.skip("actions from floats", "the smallest runtime takes integers only")
        else:
            if "judge.npz" in manifest["files"]:
                _judge(session, demands, report)
            if reference is not None:
                _run_reference(session, reference, demands, report)
        _check_damage(session, report)
        if find_webassembly() is None:
            report.skip("outputs under MicroPython", "node, or MicroPython for it, is missing")
            report.skip("a step allocates nothing", "node, or MicroPython for it, is missing")
        else:
            progress("running under MicroPython")
            _run(session, run_webassembly, "MicroPython", report)
            _check_heap(session, report)
    report.measurements |= {
        "steps": len(subject.vectors.observations), "macs": manifest["macs"],
        "weights_bytes": manifest["memory"]["weights_bytes"],
        "struct_bytes": manifest["memory"]["struct_bytes"]}
    common.write_report(subject.directory, report)
    return report


def _run(session: Session, runner: Runner, where: str, report: Report) -> None:
    """Self-test and all vectors, with floats and with integers."""
    integers = session.subject.integers
    assert integers is not None
    try:
        bad = session.selftest(runner)
        report.check(f"self-test under {where}", bad == 0, f"{bad} steps gave other numbers")
        board = session.subject.manifest.get("micropython", {}).get("board", "")
        given = [(integers.vectors, "integers"), (session.subject.vectors, "floats")]
        for vectors, how in given[: 1 if find_board(board).small else 2]:
            wrong = _wrong(session, runner, vectors)
            report.check(f"outputs and actions under {where} from {how} equal the oracle's bits",
                         wrong == 0, f"{wrong} of {len(vectors.observations)} steps differ")
    except VerificationError as error:
        report.check(f"the policy runs under {where}", False, str(error))


def _run_microbit(subject: Subject, code: Mapping[str, bytes], report: Report) -> None:
    """The self-test with the native kernels, on MicroPython 1.9 under QEMU.

    On a busy computer QEMU's serial port may lose a character, after which nothing that follows is
    right; so an error is believed when it comes again. Wrong numbers are believed at once.
    """
    name, said = "self-test on a micro:bit under QEMU", ""
    for _ in range(ATTEMPTS):
        try:
            with Microbit() as board:
                for file in (*subject.manifest["micropython"]["modules"], "weights.bin"):
                    board.put(file, code[file])
                board.run("import policy")
                board.run("import gc,selftest;gc.collect()")
                bad = board.run("p=policy.Policy();print(selftest.run(p))").strip()
        except (VerificationError, OSError, KeyError) as error:
            said = str(error)
        else:
            report.check(name, bad == "0", f"{bad} steps gave other numbers")
            return
    report.check(name, False, said)


ATTEMPTS = 3
"""Times that a board which fails is started anew."""


def _wrong(session: Session, runner: Runner, vectors: Vectors) -> int:
    found = session.run(runner, vectors.observations, vectors.reset)
    same = np.all([(found.outputs[name] == expected).all(axis=1)
                   for name, expected in vectors.outputs.items()], axis=0)
    for name, head in heads_of(session.subject.manifest).items():
        parts = [actions[name] if actions.dtype.names else actions
                 for actions in (found.actions, vectors.actions)]
        squash = isinstance(head, Continuous) and head.squash and parts[1].dtype == np.float32
        limit = SQUASHED * np.maximum(1, np.abs(parts[1])) if squash else 0
        same &= (np.abs(parts[0].astype(np.float64) - parts[1]) <= limit).all(axis=1)
    return int((~same).sum())


def _judge(session: Session, demands: Demands, report: Report) -> None:
    data = read_recorded(session.subject)
    ran = _act(session, data.observations, data.reset, report)
    if ran is not None:
        check_agreement(session.subject, ran.raw, data, demands, report)


def _run_reference(session: Session, reference: Path | Reference, demands: Demands,
                   report: Report) -> None:
    given = load_for(session.subject.manifest, reference)
    ran = _act(session, given.observations, given.reset, report)
    if ran is not None:
        check_reference(session.subject, ran, given, demands, report)


def _act(session: Session, observations: Array, reset: Array, report: Report) -> Ran | None:
    """What the policy gives for floats, under CPython."""
    try:
        found = session.run(run_cpython, observations, reset)
    except VerificationError as error:
        report.check("the policy takes the recorded observations", False, str(error))
        return None
    return Ran(np.concatenate([found.outputs[output["name"]] for output
                               in acting(session.subject.manifest)], 1), found.actions)


def _check_damage(session: Session, report: Report) -> None:
    """Weights with one wrong bit must be refused before anything runs."""
    path = session.folder / "weights.bin"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    try:
        run_cpython(session.folder, "selftest.py")
        refused = False
    except VerificationError as error:
        refused = "BlobError" in str(error)
    path.write_bytes(good)
    report.check("damaged weights are refused", refused, "one bit was turned over")


def _check_heap(session: Session, report: Report) -> None:
    name = "step and reset allocate nothing under MicroPython"
    try:
        gained, locked = session.heap_proof(run_webassembly)
    except VerificationError as error:
        report.check(name, False, str(error))
        return
    report.check(name, gained == 0 and locked == "0",
                 f"1,000 steps took {gained} bytes; under heap_lock: {locked}")
