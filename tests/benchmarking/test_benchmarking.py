# SPDX-License-Identifier: MIT
"""Every back end is measured or says why not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from puffer_edge import benchmarking, runtimes
from puffer_edge.benchmarking import Measurement, bench
from puffer_edge.errors import UsageError
from tests import zoo

POLICY = Path(__file__).parents[2] / "examples" / "policies" / "cartpole_sb3.zip"


def test_back_ends_are_measured_in_one_run() -> None:
    found = {row.backend: row for row in bench(zoo.program("mlp"), backends=("native", "numpy"),
                                               seconds=0.2)}
    native, numpy = found["native"], found["numpy"]
    for row in (native, numpy):
        assert row.missing == "" and row.steps >= 5 * 10
        assert 0 < row.median <= row.p99 and row.jitter > 0
        assert row.ratio is None
        assert row.memory is None or row.memory >= 0
    assert native.median < numpy.median  # compiled against interpreted: tens of times
    constants = sum(array.nbytes for array in zoo.program("mlp").constants.values())
    assert numpy.size == constants < native.size


def test_native_is_faster_than_onnxruntime_in_one_run() -> None:
    """Both behind Policy; benchmarks/host.py compares with onnxruntime's session.run by itself."""
    native, baseline = bench(zoo.program("mlp"), backends=("native", "onnxruntime"), seconds=0.3)
    assert baseline.missing == "" and baseline.ratio == 1
    assert native.ratio == baseline.median / native.median
    assert native.ratio > 2  # some fifty times on an idle computer


def test_what_cannot_run_says_why() -> None:
    row, = bench(zoo.program("mlp_int8"), backends=("torch",), seconds=0.1)
    assert "float32" in row.missing and row.steps == 0
    assert set(row.to_json()) == {"backend", "missing"}


def test_ratios_are_to_onnxruntime() -> None:
    rounds = [np.array([2.0, 4.0, 2.0])]
    row = benchmarking._summary("native", rounds, 5, 7, 10.0)
    assert row == Measurement("native", "", 3, 2.0, row.p99, 2.0, 5, 7, 5.0)


@pytest.mark.parametrize(("changes", "message"), [
    ({"backends": ("abacus",)}, "no back end 'abacus'"), ({"seconds": 0}, "no time"),
    ({"seconds": float("nan")}, "no time")])
def test_wrong_choices_are_one_error(changes: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        bench(zoo.program("mlp"), **changes)


def test_the_command_line_prints_a_table_and_json() -> None:
    command = [sys.executable, "-m", "puffer_edge", "bench", str(POLICY), "--seconds", "0.1",
               "--backends", "native,numpy"]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(word in table for word in ("native", "numpy", "p99", "jitter", "memory"))
    rows = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True,
                                     check=True).stdout)
    assert [row["backend"] for row in rows] == ["native", "numpy"]
    assert all(row["median"] > 0 for row in rows)
    assert "native" in runtimes.BACKENDS
