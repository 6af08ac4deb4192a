# SPDX-License-Identifier: MIT
"""An ONNX or TFLite file: run in the runtime that owns the format."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import MEMORY
from puffer_edge.errors import FileFormatError
from puffer_edge.exporters.formats import FORMATS
from puffer_edge.runtimes import load
from puffer_edge.runtimes.policy import Policy
from puffer_edge.verification.checks.listed_files import check_files
from puffer_edge.verification.checks.model_bytes import check_model_bytes
from puffer_edge.verification.checks.reference import Ran
from puffer_edge.verification.checks.rounding import check_rounding
from puffer_edge.verification.job import Job
from puffer_edge.verification.judges import Judges
from puffer_edge.verification.report import Report
from puffer_edge.verification.verifiers.verifier import JUDGED


class ModelFile:
    """See :class:`.verifier.Verifier`."""

    title = "a model file"
    takes = JUDGED

    def knows(self, manifest: Mapping[str, Any]) -> bool:
        """Every format of ``exporters.formats``."""
        return manifest["target"] in FORMATS

    def cores(self, manifest: Mapping[str, Any]) -> Collection[str]:
        """Its own runtime."""
        return {manifest["target"]}

    def why_not(self, option: str) -> str:
        """What it does instead."""
        return "it is run in its own runtime, and nothing is compiled"

    def verify(self, job: Job) -> Report:
        """See :class:`.verifier.Verifier`."""
        subject, manifest = job.subject, job.subject.manifest
        chosen = FORMATS[manifest["target"]]
        if manifest["scheme"] not in chosen.schemes:
            raise FileFormatError(f"the artefact's scheme {manifest['scheme']!r} is none of "
                                  f"{', '.join(chosen.schemes)}", where=str(subject.directory))
        report = Report(manifest["name"], manifest["target"], chosen.file, manifest["scheme"],
                        chosen.backend, notes=manifest["notes"])
        check_files(subject, report)
        check_model_bytes(subject, chosen, report)
        job.progress(f"running in {chosen.backend}")
        with load(subject.directory) as policy:
            check_model(job, policy, chosen.backend, report)
        report.measurements |= {
            "model_bytes": len((subject.directory / chosen.file).read_bytes()),
            "macs": manifest["macs"], **{name: manifest["memory"][name] for name in MEMORY}}
        return report


def check_model(job: Job, policy: Policy, where: str, report: Report) -> None:
    """A policy in another runtime, by the bound of rounding and by how it acts.

    Args:
        job: see :class:`.job.Job`.
        policy: in the runtime.
        where: its name.
        report: gets the checks.
    """
    manifest = job.subject.manifest
    exact = manifest["scheme"] in ("float32", "float16")
    if exact:
        check_rounding(job.subject, policy, where, report)
    elif "judge.npz" not in manifest["files"]:
        report.skip("actions agree with the float policy",
                    "export with --calibrate to have steps to judge by")
    heads = len(policy.contract.heads)

    def run(observations: Array, reset: Array) -> Ran:
        rows, actions = [], []
        for x, fresh in zip(observations, reset, strict=True):
            if fresh:
                policy.reset()
            actions.append(policy.step(x).reshape(policy.program.action_shape))
            found = policy.outputs
            rows.append(np.concatenate(
                [found[name] for name in policy.program.output_names[:heads]]))
        return Ran(np.stack(rows), np.stack(actions))

    Judges(job, report, run).ask()
