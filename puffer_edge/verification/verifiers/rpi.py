# SPDX-License-Identifier: MIT
"""A bundle for Linux: the C artefact, libraries that are compiled, files of other runtimes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.exporters.formats import FORMATS
from puffer_edge.runtimes import load
from puffer_edge.targets import RPI
from puffer_edge.verification.checks.model_bytes import check_model_bytes
from puffer_edge.verification.checks.shipped import check_shipped
from puffer_edge.verification.job import Job
from puffer_edge.verification.report import Check, Report
from puffer_edge.verification.verifiers.c import C
from puffer_edge.verification.verifiers.model_file import check_model


class RaspberryPi(C):
    """See :class:`.verifier.Verifier`."""

    title = "a bundle for Linux"

    def knows(self, manifest: Mapping[str, Any]) -> bool:
        """The target rpi."""
        return bool(manifest["target"] == RPI.name)

    def cores(self, manifest: Mapping[str, Any]) -> Collection[str]:
        """Its own, which is judged on this computer; and all that its header can be built for."""
        return {RPI.name, *super().cores(manifest)}

    def check_more(self, job: Job, report: Report) -> None:
        """The library for this computer, and the files of other runtimes."""
        check_shipped(job.subject, job.code, report)
        check_companions(job, report)


def check_companions(job: Job, report: Report) -> None:
    """Files of other runtimes beside the libraries; who lacks a runtime is told so."""
    # Theirs are real numbers, whatever the artefact's own are.
    subject = job.subject
    outputs = [{key: value for key, value in output.items() if key not in ("scale", "zero_point")}
               for output in subject.manifest["outputs"]]
    subject = replace(subject, manifest={**subject.manifest, "outputs": outputs})
    for chosen in FORMATS.values():
        if chosen.file not in subject.manifest["files"]:
            continue
        part = replace(report, checks=[], measurements={})
        check_model_bytes(subject, chosen, part)
        try:
            with load(subject.directory, chosen.backend) as policy:
                check_model(replace(job, subject=subject, reference=None), policy, chosen.backend,
                            part)
        except (MissingDependencyError, UnsupportedError) as error:
            missing = isinstance(error, MissingDependencyError)
            part.checks.append(Check(f"outputs in {chosen.backend}",
                                     "not checked" if missing else "failed", str(error)))
        for check in part.checks:
            named = chosen.backend in check.name or chosen.file in check.name
            name = check.name if named else (
                f"{check.name} in {chosen.backend}")
            report.checks.append(replace(check, name=name))
