"""Runs an ONNX or TFLite artefact in its own runtime, and judges it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.artefact.opening import MEMORY, Subject
from puffer_edge.errors import FileFormatError, MissingDependencyError, UnsupportedError
from puffer_edge.exporters.formats import FORMATS, Format
from puffer_edge.interpreter import Interpreter
from puffer_edge.runtimes import load
from puffer_edge.runtimes.policy import Policy
from puffer_edge.verification import verify as common
from puffer_edge.verification.agreement import Demands, check_agreement
from puffer_edge.verification.check_reference import Ran, check_reference
from puffer_edge.verification.error_bound import ErrorBound
from puffer_edge.verification.recorded import read_recorded
from puffer_edge.verification.reference import Reference, load_for
from puffer_edge.verification.report import Check, Report

Array = npt.NDArray[Any]


def verify(subject: Subject, *, demands: Demands, reference: Path | Reference | None = None,
           progress: Callable[[str], None] = lambda text: None) -> Report:
    """The report of an artefact that is one file; see ``verification.verify.verify``.

    Raises:
        FileFormatError: a file of the artefact is missing or not the one that export wrote.
        MissingDependencyError: the runtime is not installed.
        UnsupportedError: the runtime does not take the file.
    """
    manifest = subject.manifest
    chosen = FORMATS[manifest["target"]]
    if manifest["scheme"] not in chosen.schemes:
        raise FileFormatError(f"the artefact's scheme {manifest['scheme']!r} is none of "
                              f"{', '.join(chosen.schemes)}", where=str(subject.directory))
    report = Report(manifest["name"], manifest["target"], chosen.file, manifest["scheme"],
                    chosen.backend, notes=manifest["notes"])
    common.check_files(subject, report)
    progress(f"running in {chosen.backend}")
    with load(subject.directory) as policy:
        _check(subject, policy, chosen, demands, report)
        if reference is not None:
            given = load_for(manifest, reference)
            ran = _run(policy, given.observations, given.reset)
            check_reference(subject, ran, given, demands, report)
    report.measurements |= {
        "model_bytes": len((subject.directory / chosen.file).read_bytes()),
        "macs": manifest["macs"], **{name: manifest["memory"][name] for name in MEMORY}}
    common.write_report(subject.directory, report)
    return report


def check_companions(subject: Subject, demands: Demands, report: Report) -> None:
    """The same for the files that lie beside another artefact; who lacks a runtime is told so."""
    # Theirs are real numbers, whatever the artefact's own are.
    outputs = [{key: value for key, value in output.items() if key not in ("scale", "zero_point")}
               for output in subject.manifest["outputs"]]
    subject = replace(subject, manifest={**subject.manifest, "outputs": outputs})
    for chosen in FORMATS.values():
        if chosen.file not in subject.manifest["files"]:
            continue
        part = replace(report, checks=[], measurements={})
        try:
            with load(subject.directory, chosen.backend) as policy:
                _check(subject, policy, chosen, demands, part)
        except (MissingDependencyError, UnsupportedError) as error:
            missing = isinstance(error, MissingDependencyError)
            part.checks = [Check(f"outputs in {chosen.backend}",
                                 "not checked" if missing else "failed", str(error))]
        for check in part.checks:
            name = check.name if chosen.backend in check.name else (
                f"{check.name} in {chosen.backend}")
            report.checks.append(replace(check, name=name))


def _check(subject: Subject, policy: Policy, chosen: Format, demands: Demands,
           report: Report) -> None:
    manifest = subject.manifest
    exact = manifest["scheme"] in ("float32", "float16")
    if exact:
        _check_bound(subject, policy, chosen, report)
    if "judge.npz" in manifest["files"]:
        data = read_recorded(subject)
        ran = _run(policy, data.observations, data.reset)
        check_agreement(subject, ran.raw, data, demands, report)
    elif not exact:
        report.skip("actions agree with the float policy",
                    "export with --calibrate to have steps to judge by")


def _run(policy: Policy, observations: Array, reset: Array) -> Ran:
    rows, actions, heads = [], [], len(policy.contract.heads)
    for x, fresh in zip(observations, reset, strict=True):
        if fresh:
            policy.reset()
        actions.append(policy.step(x))
        found = policy.outputs
        rows.append(np.concatenate([found[name] for name in policy.program.output_names[:heads]]))
    return Ran(np.stack(rows), np.stack(actions))


def _check_bound(subject: Subject, policy: Policy, chosen: Format, report: Report) -> None:
    """Every output of every step against the oracle, the state carried by both."""
    program, vectors = policy.program, subject.vectors
    oracle, bound = Interpreter(program), ErrorBound(program)
    wrong, largest = 0, 0.0
    for x, fresh in zip(vectors.observations, vectors.reset, strict=True):
        if fresh:
            oracle.reset()
            bound.resynchronise()
            policy.reset()
        with np.errstate(all="ignore"):
            limits = bound.step(oracle.values(x))
        expected = oracle.step(x)
        policy.step(x)
        found = policy.outputs
        error = {name: np.abs(found[name].astype(np.float64) - expected[name])
                 for name in program.output_names}
        # A bound that is NaN, where squares of 1e38 overflow, promises nothing.
        wrong += any(bool((error[name] > limits[name]).any() or np.isnan(found[name]).any())
                     for name in error)
        scale = max(1.0, *(float(np.abs(expected[name]).max()) for name in error))
        largest = max(largest, *(float(e.max()) / scale for e in error.values()))
    report.measurements |= {"steps": len(vectors.observations), "oracle_error": largest}
    report.check(f"outputs in {chosen.backend} lie within the bound of rounding", wrong == 0,
                 f"{wrong} of {len(vectors.observations)} steps differ by more; largest "
                 f"difference {largest:.1e} (relative where outputs exceed 1)")
