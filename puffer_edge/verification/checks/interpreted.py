# SPDX-License-Identifier: MIT
"""MicroPython's modules under an interpreter: self-test, all vectors, damaged weights, the heap."""

from __future__ import annotations

import numpy as np

from puffer_edge.artefact.opening import heads_of
from puffer_edge.artefact.vectors import Vectors
from puffer_edge.errors import VerificationError
from puffer_edge.ir import Continuous
from puffer_edge.verification.micropython.interpreters import run_cpython, run_webassembly
from puffer_edge.verification.micropython.session import Runner, Session
from puffer_edge.verification.report import Report

SQUASHED = 1e-6
"""Largest difference of a squashed action, as tanh is the port's own there."""


def check_interpreted(session: Session, runner: Runner, where: str, report: Report, *,
                      floats: bool) -> None:
    """Self-test and all vectors, with integers, and with floats where the policy takes them."""
    subject = session.subject
    assert subject.integers is not None
    try:
        bad = session.selftest(runner)
        report.check(f"self-test under {where}", bad == 0, f"{bad} steps gave other numbers")
        given = [(subject.integers.vectors, "integers"), (subject.vectors, "floats")]
        for vectors, how in given[: 2 if floats else 1]:
            wrong = _wrong(session, runner, vectors)
            report.check(f"outputs and actions under {where} from {how} equal the oracle's bits",
                         wrong == 0, f"{wrong} of {len(vectors.observations)} steps differ")
    except VerificationError as error:
        report.check(f"the policy runs under {where}", False, str(error))


def _wrong(session: Session, runner: Runner, vectors: Vectors) -> int:
    """Steps of the vectors that differ."""
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


def check_damage(session: Session, report: Report) -> None:
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


def check_heap(session: Session, report: Report) -> None:
    """A step must take nothing of MicroPython's heap."""
    name = "step and reset allocate nothing under MicroPython"
    try:
        gained, locked = session.heap_proof(run_webassembly)
    except VerificationError as error:
        report.check(name, False, str(error))
        return
    report.check(name, gained == 0 and locked == "0",
                 f"1,000 steps took {gained} bytes; under heap_lock: {locked}")
