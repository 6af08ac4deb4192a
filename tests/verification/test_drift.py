# SPDX-License-Identifier: MIT
"""Recurrent integer policies over 100,000 steps: what adds up is found, what does not passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.ir import Continuous, Program
from puffer_edge.ir.ops import Gemm, LSTMCell
from puffer_edge.verification.report import Report
from tests import zoo

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
LSTM = POLICIES / "cartpole_puffer_lstm.pt"
GROWS = "the error does not grow over 100,000 steps"
RANGES = "states stay inside their ranges over 100,000 steps"


HIDDEN = 4


def remembering(forget: float, action: Continuous | None = None) -> Program:
    """An LSTM that adds half of what it sees to what its forget gate, sigmoid(forget), keeps."""
    bench = zoo.Bench((1, 2))
    h, c = (bench.builder.state(name, (1, HIDDEN)) for name in "hc")
    bias, weight = np.zeros(4 * HIDDEN, np.float32), np.zeros((4 * HIDDEN, 2), np.float32)
    bias[HIDDEN : 2 * HIDDEN] = forget
    weight[2 * HIDDEN : 3 * HIDDEN] = 0.3 * bench.random.standard_normal((HIDDEN, 2))
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.builder.constant(weight, "w"),
        recurrent=bench.weight(4 * HIDDEN, HIDDEN, scale=1e-4),
        bias=bench.builder.constant(bias, "b"))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    return bench.program(bench.op(Gemm, x=y_h, weight=bench.weight(3, HIDDEN, scale=2.0)), action)


def waves(mean: float) -> np.ndarray:
    """Every number is followed by its opposite, so that nothing adds up but the mean."""
    random = np.random.default_rng(0)
    half = random.standard_normal((200, 1, 2))
    return (mean + np.concatenate([half, -half], 1).reshape(-1, 2)).astype(np.float32)


def verified(policy: Program | Path, observations: np.ndarray, scheme: str, directory: Path
             ) -> tuple[Path, Report]:
    np.savez(directory / "recorded.npz", observations=observations)
    out = puffer_edge.export(policy, directory / "a", name="lander", scheme=scheme,
                             calibrate=str(directory / "recorded.npz"))
    return out, puffer_edge.verify(out, target="host", min_agreement=0)


def verdicts(report: Report) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks if check.name in (GROWS, RANGES)}


@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_a_trained_policy_does_not_drift(scheme: str, tmp_path: Path) -> None:
    with np.load(POLICIES / "cartpole_puffer_lstm_reference.npz") as data:
        _, report = verified(LSTM, data["observations"], scheme, tmp_path)
    assert verdicts(report) == {GROWS: "passed", RANGES: "passed"}
    found = report.measurements
    assert found["drift_steps"] == 100_000
    assert 0 < found["drift_error_largest"] < 1.5 * found["drift_error_first"]


def test_what_pours_in_for_ever_leaves_its_range(tmp_path: Path) -> None:
    """In 200 recorded steps little has gathered; the cell's range is made for that."""
    _, report = verified(remembering(30), waves(0.02), "int16", tmp_path)
    assert verdicts(report)[RANGES] == "failed"


def test_a_memory_that_forgets_nothing_drifts(tmp_path: Path) -> None:
    """Every bit is right, but a float gate can be 1 and one of 15 bits cannot; a memory that lasts
    for a few hundred steps is no problem."""
    for forget, verdict in ((5, "passed"), (30, "failed")):
        work = tmp_path / str(forget)
        work.mkdir()
        _, report = verified(remembering(forget), waves(0), "int16", work)
        assert verdicts(report)[GROWS] == verdict
        assert [check.name for check in report.checks if check.verdict == "failed"
                and check.name not in (GROWS, RANGES)] == []


@pytest.mark.parametrize(("forget", "verdict"), [(3, "passed"), (30, "failed")])
def test_continuous_actions_are_compared_too(forget: int, verdict: str, tmp_path: Path) -> None:
    _, report = verified(remembering(forget, Continuous(3)), waves(0), "int16", tmp_path)
    assert verdicts(report)[GROWS] == verdict


def test_a_planted_drift_fails(tmp_path: Path) -> None:
    """A cell that is raised more and more: neither the self-test nor the vectors show it."""
    with np.load(POLICIES / "cartpole_puffer_lstm_reference.npz") as data:
        out, _ = verified(LSTM, data["observations"], "int16", tmp_path)
    header = out / "policy.h"
    text = header.read_text()
    changed = text.replace("puffer_edge_saturate_s16(kept + added)",
                           "puffer_edge_saturate_s16(kept + added + (n++ >> 13))")
    changed = changed.replace("static inline int32_t puffer_edge_gate_tanh(",
                              "static int32_t n;\nstatic inline int32_t puffer_edge_gate_tanh(")
    assert changed.count("n++") == 1
    header.write_text(changed)
    report = puffer_edge.verify(out, target="host", min_agreement=0, trust=True)
    assert {check.name for check in report.checks if check.verdict == "failed"} >= {GROWS}
    assert "self-test on this computer" in {
        check.name for check in report.checks if check.verdict == "passed"}


def test_a_policy_with_more_states_than_its_original(tmp_path: Path) -> None:
    """In integers a GRU keeps its memory in 16 bits beside the state that its layers read."""
    recording = tmp_path / "observations.npz"
    np.savez(recording, observations=np.random.default_rng(1).standard_normal((200, 5)))
    directory = puffer_edge.export(zoo.program("gru"), tmp_path / "out", scheme="int8",
                                   calibrate=str(recording))
    report = puffer_edge.verify(directory)
    assert report.passed and "drift_steps" in report.measurements
