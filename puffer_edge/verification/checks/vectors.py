# SPDX-License-Identifier: MIT
"""The self-test, and every test vector bit for bit."""

from __future__ import annotations

import numpy as np

from puffer_edge.artefact.opening import Subject
from puffer_edge.verification.emulators.machine import Machine, StepResult
from puffer_edge.verification.report import Report


def check_vectors(subject: Subject, machine: Machine, where: str,
                  report: Report) -> list[StepResult]:
    """Runs both on a machine, whose name is ``where``, and gives the steps."""
    bad = machine.selftest()
    report.check(f"self-test on {where}", bad == 0, f"{bad} steps gave other bits")
    vectors = subject.vectors
    observations = [row.tobytes() for row in vectors.observations]
    resets = frozenset(int(i) for i in np.flatnonzero(vectors.reset))
    steps = machine.run(observations, resets)
    expected = np.concatenate(
        [vectors.outputs[output["name"]] for output in subject.manifest["outputs"]],
        axis=1).astype(np.float32)  # integers of 16 bits are exact in float32
    wrong = sum(
        step.status != 0 or step.outputs.tobytes() != outputs.tobytes()
        or step.action != action.tobytes()
        for step, outputs, action in zip(steps, expected, vectors.actions, strict=True))
    report.check(f"outputs and actions on {where} equal the oracle's bits", wrong == 0,
                 f"{wrong} of {len(steps)} steps differ")
    return steps
