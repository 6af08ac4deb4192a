# SPDX-License-Identifier: MIT
"""The self-test on the device compares what the policy does, not only what it computes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.ir import Continuous, Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.verification.report import Report
from tests import zoo
from tests.support.exporting import export_calibrated


def policy(action: Continuous | None = None) -> Program:
    bench = zoo.Bench((1, 3))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(2, 3), bias=bench.weight(2))
    return bench.program(y, action)


SQUASHED = Continuous(2, squash=True, low=(-2.0, 0.0), high=(2.0, 1.0), rescale=True)


def exported(program: Program, target: str, scheme: str, directory: Path) -> Path:
    return export_calibrated(program, directory / "a", target=target, name="lander", scheme=scheme)


def self_test(report: Report) -> str:
    return next(check.verdict for check in report.checks if check.name.startswith("self-test"))


@pytest.mark.parametrize(("scheme", "action", "old", "new"), [
    ("float32", SQUASHED, "action->action[1] =", "action->action[1] = 0.99f *"),
    ("int16", SQUASHED, "action->action[1] =", "action->action[1] = 0.99f *"),
    ("float32", None, "action->action[0] =", "action->action[0] = 1 -")])
def test_a_wrong_action_fails_in_c(scheme: str, action: Continuous | None, old: str, new: str,
                                   tmp_path: Path) -> None:
    """The outputs stay those of the oracle."""
    out = exported(policy(action), "host", scheme, tmp_path)
    assert self_test(puffer_edge.verify(out)) == "passed"
    header = out / "policy.h"
    text = header.read_text()
    assert old in text, text
    header.write_text(text.replace(old, new))
    assert self_test(puffer_edge.verify(out, trust=True)) == "failed"


@pytest.mark.parametrize(("action", "old", "new"), [
    (SQUASHED, "self.action, True, True", "self.action, False, True"), (None, "(2,)", "(1,)")])
def test_a_wrong_action_fails_in_micropython(action: Continuous | None, old: str, new: str,
                                             tmp_path: Path) -> None:
    out = exported(policy(action), "micropython", "int16", tmp_path)

    def said() -> str:
        return subprocess.run([sys.executable, "selftest.py"], cwd=out, capture_output=True,
                              text=True, check=False).stdout

    assert "good" in said()
    module = out / "policy.py"
    text = module.read_text()
    assert old in text, text
    module.write_text(text.replace(old, new))
    assert "steps are wrong" in said()
