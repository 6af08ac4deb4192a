# SPDX-License-Identifier: MIT
"""A library that is shipped beside the oracle, with one thing wrong; what a shield takes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import make_dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.verification import shield_costs
from puffer_edge.verification.checks import shipped
from puffer_edge.verification.report import Check, Report
from puffer_edge.verification.verifiers import rpi

X = np.arange(6, dtype=np.float32).reshape(3, 2)
RESET = np.array([True, False, True])


def totals() -> Any:
    return np.array([X[0].sum(), X[:2].sum(), X[2].sum()], np.float32)


def library(wrong: str) -> Any:
    class Policy:
        """Sums since the last reset."""

        def __init__(self, directory: Any) -> None:
            if wrong in ("no library for this", "it is damaged"):
                raise OSError(wrong)
            if wrong == "no library for a key":
                raise KeyError(wrong)
            self.reset()

        def reset(self) -> None:
            self.total = np.float32(0)

        def step(self, x: Any) -> Any:
            self.total += x.sum()
            self.outputs: Mapping[str, Any] = {
                "a": np.array([self.total + (wrong == "output" and self.total > 5)], np.float32),
                "b": np.array([self.total], np.float32)}
            return int(self.total) + (wrong == "action" and self.total > 5)
    return Policy


@pytest.mark.parametrize(("wrong", "verdict", "detail"), [
    ("", "passed", "0 of 3"), ("action", "failed", "2 of 3"), ("output", "failed", "2 of 3"),
    ("no library for this", "not checked", "no library"), ("it is damaged", "failed", "damaged"),
    ("no library for a key", "failed", "no library")])
def test_a_shipped_library(wrong: str, verdict: str, detail: str,
                           monkeypatch: pytest.MonkeyPatch) -> None:
    rows = totals()[:, None]
    subject: Any = SimpleNamespace(manifest={"name": "p"}, vectors=SimpleNamespace(
        observations=X, reset=RESET, actions=rows.astype(np.int64), outputs={"a": rows, "b": rows}))
    monkeypatch.setattr(shipped.runpy, "run_path",  # type: ignore[attr-defined]
                        lambda path: {"Policy": library(wrong)})
    report = Report("p", "t", "gcc", "", "")
    shipped.check_shipped(subject, {"lib.so": b"code", "policy.h": b""}, report)
    (check,) = report.checks
    assert check.verdict == verdict and (verdict == "passed" or detail in check.detail)
    report = Report("p", "t", "gcc", "", "")
    shipped.check_shipped(subject, {"policy.h": b""}, report)
    assert [check.verdict for check in report.checks] == ["not checked"]


def test_the_memory_of_a_shield(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy's variables with it, less those without."""
    def read(sections: Any) -> Any:
        return SimpleNamespace(sections=[SimpleNamespace(name=name, size=size)
                                         for name, size in sections])
    monkeypatch.setattr(shield_costs, "read_elf", read)
    builders: list[Any] = [SimpleNamespace(compiled=lambda what, s=sections: s) for sections in (
        [(".bss.edge_policy", 100), (".data.edge_policy", 7), (".bss.other", 1000)],
        [(".bss.edge_policy", 40), (".text", 9)])]
    assert shield_costs.ram(*builders) == 67


def test_files_of_other_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check says which runtime or file it is of; one that is missing is told, not failed."""
    subject = make_dataclass("Subject", ["manifest", "directory"])(
        {"files": ["a.onnx", "b.tflite"], "outputs": [{"name": "y", "scale": 1, "zero_point": 2}]},
        None)
    job: Any = make_dataclass("Job", ["subject", "reference"])(subject, "theirs")
    monkeypatch.setattr(rpi, "FORMATS", {
        name: SimpleNamespace(file=f"{name}", backend=backend) for name, backend in (
            ("a.onnx", "ort"), ("b.tflite", "lite"), ("c.none", "no"))})
    monkeypatch.setattr(rpi, "check_model_bytes", lambda subject, chosen, part: part.checks.append(
        Check(f"{chosen.file} is the bytes", "passed", "")))

    def load(directory: Any, backend: str) -> Any:
        if backend == "lite":
            raise missing[0]
        return nullcontext("policy")

    def model(job: Any, policy: str, backend: str, part: Any) -> None:
        assert policy == "policy" and job.reference is None
        assert job.subject.manifest["outputs"] == [{"name": "y"}]
        part.checks += [Check("actions", "passed", ""), Check("outputs in ort", "failed", "")]
    monkeypatch.setattr(rpi, "load", load)
    monkeypatch.setattr(rpi, "check_model", model)
    missing: list[Exception] = []
    for error, verdict in ((rpi.MissingDependencyError("m"), "not checked"),
                           (rpi.UnsupportedError("u"), "failed")):
        missing[:] = [error]
        report = Report("p", "t", "gcc", "", "")
        rpi.check_companions(job, report)
        assert [(check.name, check.verdict) for check in report.checks] == [
            ("a.onnx is the bytes", "passed"), ("actions in ort", "passed"),
            ("outputs in ort", "failed"), ("b.tflite is the bytes", "passed"),
            ("outputs in lite", verdict)]
