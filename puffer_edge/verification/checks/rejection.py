# SPDX-License-Identifier: MIT
"""NaN and infinities between two steps must leave action and state as they were."""

from __future__ import annotations

import numpy as np

from puffer_edge.artefact.opening import Subject
from puffer_edge.ir import Status
from puffer_edge.verification.emulators.machine import Machine, StepResult
from puffer_edge.verification.report import Report


def check_rejection(subject: Subject, machine: Machine, where: str, good: list[StepResult],
                    report: Report) -> None:
    """Runs the first two vectors with bad observations between them.

    Args:
        subject: the artefact.
        machine: runs it.
        where: name of the machine.
        good: what the machine gave for the vectors.
        report: gets a check.
    """
    rows = subject.vectors.observations
    poisoned = []
    for index, value in enumerate((np.nan, np.inf, -np.inf)):
        row = rows[0].copy()
        row[(index * 7) % row.size] = value
        poisoned.append(row.tobytes())
    steps = machine.run([rows[0].tobytes(), *poisoned, rows[1].tobytes()], frozenset({0}))
    rejected = all(step.status == Status.BAD_OBSERVATION and step.action == good[0].action
                   for step in steps[1:-1])
    carried_on = steps[-1].status == 0 and steps[-1].outputs.tobytes() == good[1].outputs.tobytes()
    report.check(f"bad observations on {where} change nothing", rejected and carried_on,
                 "NaN and both infinities are refused; action and state are kept")
