# SPDX-License-Identifier: MIT
"""A policy beside those that judge it: the float policy's held-back steps, and a reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from puffer_edge.arrays import Array
from puffer_edge.verification.checks.agreement import check_agreement
from puffer_edge.verification.checks.reference import Ran, check_reference
from puffer_edge.verification.describing import along
from puffer_edge.verification.job import Job
from puffer_edge.verification.recorded import read_recorded
from puffer_edge.verification.reference import load_for
from puffer_edge.verification.report import Report


@dataclass(frozen=True)
class Judges:
    """Those of a job.

    Args:
        job: what is verified.
        report: gets the checks.
        run: gives what the policy does over observations [T, n] with resets [T]; None where it
            does not take them, which it has told the report then.
    """

    job: Job
    report: Report
    run: Callable[[Array, Array], Ran | None]

    def ask(self) -> None:
        """Both, where there are any."""
        subject = self.job.subject
        if "judge.npz" in subject.manifest["files"]:
            data = read_recorded(subject)
            ran = self.run(data.observations, data.reset)
            if ran is not None:
                check_agreement(subject, ran.raw, data, self.job.demands, self.report)
                if self.job.page:
                    self.report.more["along"] = along(subject, data, ran.raw)
        if self.job.reference is not None:
            given = load_for(subject.manifest, self.job.reference)
            ran = self.run(given.observations, given.reset)
            if ran is not None:
                check_reference(subject, ran, given, self.job.demands, self.report)
