# SPDX-License-Identifier: MIT
"""MicroPython's modules: run under CPython and under MicroPython."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import acting
from puffer_edge.errors import FileFormatError, VerificationError
from puffer_edge.exporters.micropython.boards import NATIVE
from puffer_edge.targets import MICROPYTHON
from puffer_edge.verification.checks.interpreted import (
    check_damage,
    check_heap,
    check_interpreted,
)
from puffer_edge.verification.checks.listed_files import check_files
from puffer_edge.verification.checks.reference import Ran
from puffer_edge.verification.job import Job
from puffer_edge.verification.judges import Judges
from puffer_edge.verification.micropython.interpreters import (
    PINNED,
    find_webassembly,
    run_cpython,
    run_webassembly,
)
from puffer_edge.verification.micropython.session import CARRIED, Session
from puffer_edge.verification.report import Report
from puffer_edge.verification.verifiers.verifier import JUDGED


class MicroPython:
    """See :class:`.verifier.Verifier`."""

    title = "a policy in MicroPython"
    takes = JUDGED
    floats = True
    """Whether its step takes floats, as a recording has them."""

    def knows(self, manifest: Mapping[str, Any]) -> bool:
        """Every board."""
        return bool(manifest["target"] == MICROPYTHON.name)

    def cores(self, manifest: Mapping[str, Any]) -> Collection[str]:
        """MicroPython alone."""
        return {MICROPYTHON.name}

    def why_not(self, option: str) -> str:
        """What it does instead."""
        return "it is interpreted, and nothing is compiled or emulated"

    def verify(self, job: Job) -> Report:
        """See :class:`.verifier.Verifier`."""
        subject, manifest = job.subject, job.subject.manifest
        for name in CARRIED:
            if name not in job.code:
                raise FileFormatError(f"the artefact has no {name}", where=str(subject.directory),
                                      hint="export the policy again")
        if subject.integers is None:
            raise FileFormatError("the artefact takes no integers", where=str(subject.directory),
                                  hint="export the policy again")
        built = manifest.get("micropython", {})
        report = Report(manifest["name"], manifest["target"],
                        f"{built.get('kernels')} kernels for {built.get('board')}", "",
                        f"MicroPython {PINNED} (WebAssembly) and CPython", notes=manifest["notes"])
        check_files(subject, report)
        self.check_kernels(job, report)
        with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work:
            self._interpret(job, Session(subject, job.code, Path(work)), report)
        report.measurements |= {
            "steps": len(subject.vectors.observations), "macs": manifest["macs"],
            "weights_bytes": manifest["memory"]["weights_bytes"],
            "struct_bytes": manifest["memory"]["struct_bytes"]}
        return report

    def check_kernels(self, job: Job, report: Report) -> None:
        """Native code runs on the board only."""
        if job.subject.manifest.get("micropython", {}).get("kernels") in NATIVE:
            report.skip("outputs from the native kernels", "they run on the board only: "
                        "`puffer-edge flash` runs the self-test there")

    def _interpret(self, job: Job, session: Session, report: Report) -> None:
        job.progress("running under CPython")
        check_interpreted(session, run_cpython, "CPython", report, floats=self.floats)
        if self.floats:
            Judges(job, report, lambda x, reset: _act(session, x, reset, report)).ask()
        else:
            report.skip("actions from floats", "the smallest runtime takes integers only")
        check_damage(session, report)
        if find_webassembly() is None:
            report.skip("outputs under MicroPython", "node, or MicroPython for it, is missing")
            report.skip("a step allocates nothing", "node, or MicroPython for it, is missing")
            return
        job.progress("running under MicroPython")
        check_interpreted(session, run_webassembly, "MicroPython", report, floats=self.floats)
        check_heap(session, report)


def _act(session: Session, observations: Array, reset: Array, report: Report) -> Ran | None:
    """What the policy gives for floats, under CPython."""
    try:
        found = session.run(run_cpython, observations, reset)
    except VerificationError as error:
        report.check("the policy takes the recorded observations", False, str(error))
        return None
    return Ran(np.concatenate([found.outputs[output["name"]] for output
                               in acting(session.subject.manifest)], 1), found.actions)
