# SPDX-License-Identifier: MIT
"""verify judges what integers do, continuous actions too, and says when it has seen too little."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import PolicyWarning, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Op, Program
from puffer_edge.ir.ops import GemmInteger, LSTMCellInteger
from puffer_edge.quantization.agreement import Limits, agreement_of_actions
from puffer_edge.quantization.pipeline import Quantized, Wish, to_integers
from puffer_edge.verification.checks.agreement import decided
from puffer_edge.verification.report import Check, Report
from tests import zoo
from tests.support.exporting import write_artefact

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
ACTIONS = "actions agree with the float policy"
PENDULUM: dict[str, Any] = {"vec_normalize": POLICIES / "pendulum_vecnormalize.pkl"}


def pendulum_steps(program: Program, steps: int) -> np.ndarray:
    """Observations of a pendulum that the policy swings up, again and again from a random start.

    The equations are Pendulum-v1's, written anew: angle, speed, a torque of at most 2.
    """
    random = np.random.default_rng(0)
    rows = []
    for step in range(steps):
        if step % 100 == 0:
            angle, speed = random.uniform(-np.pi, np.pi), random.uniform(-1, 1)
        rows.append([np.cos(angle), np.sin(angle), speed])
        torque = float(np.clip(program.act(_mean(program, rows[-1])), -2, 2)[0])
        speed = np.clip(speed + (15 * np.sin(angle) + 3 * torque) * 0.05, -8, 8)
        angle += speed * 0.05
    return np.array(rows, np.float32)


def _mean(program: Program, row: list[float]) -> np.ndarray:
    return Interpreter(program).step(np.array(row, np.float32))[program.output_names[0]]


@pytest.fixture(scope="module", params=["int8", "int16"])
def recurrent(request: pytest.FixtureRequest,
              tmp_path_factory: pytest.TempPathFactory) -> tuple[Quantized, str]:
    """An LSTM with five continuous actions."""
    program = zoo.program("lstm")
    program = replace(program, contract=replace(program.contract, action=Continuous(5)))
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("recurrent") / "seen.npz"
    np.savez(path, observations=np.sin(0.2 * np.arange(4000)[:, None] + random.uniform(0, 6, 6))
             + 0.3 * random.standard_normal((4000, 6)))
    return to_integers(program, Wish(request.param, str(path))), request.param


@pytest.fixture(scope="module", params=["int8", "int16"])
def pendulum(request: pytest.FixtureRequest,
             tmp_path_factory: pytest.TempPathFactory) -> tuple[Quantized, str]:
    program = puffer_edge.load(POLICIES / "pendulum_sb3.zip", **PENDULUM)
    path = tmp_path_factory.mktemp("pendulum") / "seen.npz"
    np.savez(path, observations=pendulum_steps(program, 4000))
    return to_integers(program, Wish(request.param, str(path))), request.param


def verified(quantized: Quantized, scheme: str, program: Program, directory: Path,
             **options: Any) -> tuple[Report, Check]:
    """The report on an integer Program, which may not be the one that was quantised."""
    write_artefact(program, directory, target="host", name="policy", scheme=scheme,
                   quantised=quantized)
    report = puffer_edge.verify(directory, target="host", **options)
    return report, next(check for check in report.checks if check.name == ACTIONS)


def changed(program: Program, op: Op, name: str, array: np.ndarray) -> Program:
    assert not np.array_equal(program.constants[name], array)
    return program.with_ops(program.ops, {**program.constants, name: array})


def doubled(program: Program, kind: type[Op] = GemmInteger) -> Program:
    """The scale of the first layer is doubled: a right shift less."""
    op: Any = next(op for op in program.ops if isinstance(op, kind))
    table = program.constants[op.requantization].copy()
    table[..., 2] -= 1
    return changed(program, op, op.requantization, table)


def zeroed(program: Program) -> Program:
    """The first output is its bias only."""
    op: Any = [op for op in program.ops if isinstance(op, GemmInteger)][-1]
    weight = program.constants[op.weight].copy()
    weight[0] = 0
    return changed(program, op, op.weight, weight)


def without_the_unit_that_counts(program: Program) -> Program:
    """A hidden channel is gone: the one with the largest weights to the output."""
    op: Any = [op for op in program.ops if isinstance(op, GemmInteger)][-1]
    weight = program.constants[op.weight].copy()
    weight[:, np.abs(weight.astype(int)).sum(0).argmax()] = 0
    return changed(program, op, op.weight, weight)


def test_a_good_export_of_the_bundled_continuous_policy_passes(
        pendulum: tuple[Quantized, str], tmp_path: Path) -> None:
    quantized, scheme = pendulum
    report, check = verified(quantized, scheme, quantized.program, tmp_path / "a")
    assert report.passed and not report.undecided, report.to_markdown()
    assert check.verdict == "passed" and "99th percentile" in check.detail


@pytest.mark.parametrize(("plant", "pendulum"), [
    # In turn.
    pytest.param(plant, scheme, marks=() if (i + j) % 2 == 0 else pytest.mark.exhaustive)
    for i, plant in enumerate((doubled, zeroed, without_the_unit_that_counts))
    for j, scheme in enumerate(("int8", "int16"))], indirect=["pendulum"])
def test_planted_bad_integers_fail(plant: Any, pendulum: tuple[Quantized, str],
                                   tmp_path: Path) -> None:
    """Every bit is the oracle's, as the oracle runs them, too; only the judge can see it."""
    quantized, scheme = pendulum
    report, check = verified(quantized, scheme, plant(quantized.program), tmp_path / "a")
    assert check.verdict == "failed", check.detail
    assert [check.name for check in report.checks if check.verdict == "failed"] == [ACTIONS]
    if plant is zeroed:
        assert "output 0 is constant" in check.detail


def hidden_doubled(program: Program) -> Program:
    """What the hidden state is worth to the gates, a right shift less."""
    op: Any = next(op for op in program.ops if isinstance(op, LSTMCellInteger))
    table = program.constants[op.recurrent_requantization].copy()
    table[..., 2] -= 1
    return changed(program, op, op.recurrent_requantization, table)


def hidden_halved(program: Program) -> Program:
    """The hidden state is stored as half of what its readers take it for."""
    op: Any = next(op for op in program.ops if isinstance(op, LSTMCellInteger))
    table = program.constants[op.output].copy()
    table[-1] += 1
    return changed(program, op, op.output, table)


def test_a_good_recurrent_export_passes(recurrent: tuple[Quantized, str], tmp_path: Path) -> None:
    quantized, scheme = recurrent
    report, check = verified(quantized, scheme, quantized.program, tmp_path / "a")
    assert report.passed and check.verdict == "passed", report.to_markdown()


@pytest.mark.parametrize("plant", [hidden_doubled, hidden_halved])
def test_a_states_wrong_scale_fails(plant: Any, recurrent: tuple[Quantized, str],
                                    tmp_path: Path) -> None:
    quantized, scheme = recurrent
    _, check = verified(quantized, scheme, plant(quantized.program), tmp_path / "a")
    assert check.verdict == "failed", check.detail


def test_what_is_asked_for_can_be_changed(pendulum: tuple[Quantized, str], tmp_path: Path) -> None:
    quantized, scheme = pendulum
    _, check = verified(quantized, scheme, quantized.program, tmp_path / "a", max_error=1e-5)
    assert check.verdict == "failed"
    _, check = verified(quantized, scheme, doubled(quantized.program), tmp_path / "b",
                        max_error=100)
    assert check.verdict == "passed"
    with pytest.raises(UsageError, match="cannot be asked for"):
        puffer_edge.verify(tmp_path / "a", target="host", max_error=-1)


@pytest.mark.parametrize("target", ["host", "micropython", "onnx", "tflite"])
def test_short_recordings_are_not_judged(target: str, tmp_path: Path) -> None:
    """Nothing differs, and still 50 steps show nothing: 0.929 is where Wilson's interval ends."""
    pytest.importorskip({"onnx": "onnxruntime", "tflite": "ai_edge_litert"}.get(target, "numpy"))
    np.savez(tmp_path / "seen.npz",
             observations=0.1 * np.random.default_rng(0).standard_normal((100, 4)))
    out = puffer_edge.export(POLICIES / "cartpole_sb3.zip", tmp_path / "a", target=target,
                             scheme="int8", calibrate=str(tmp_path / "seen.npz"))
    report = puffer_edge.verify(out)
    assert report.passed, report.to_markdown()
    (check,) = report.undecided
    assert check.name == "greedy actions agree with the float policy"
    assert "record" in check.detail and "more steps" in check.detail
    if target == "host":
        codes = [subprocess.run([sys.executable, "-m", "puffer_edge", "verify", str(out), *more],
                                capture_output=True, check=False).returncode
                 for more in ([], ["--strict"])]
        assert codes == [0, 9]
        assert json.loads((out / "report.json").read_text())["judged"] is False


def test_data_of_another_kind_is_not_judged_by(tmp_path: Path) -> None:
    """The half that judges is ten times as large as the one that calibrated."""
    seen = 0.01 * np.random.default_rng(0).standard_normal((2000, 4))
    seen[1000:] *= 10
    np.savez(tmp_path / "seen.npz", observations=seen)
    out = puffer_edge.export(POLICIES / "cartpole_sb3.zip", tmp_path / "a", scheme="int16",
                             calibrate=str(tmp_path / "seen.npz"))
    report = puffer_edge.verify(out, target="host")
    assert "held-back steps lie in the calibrated ranges" in {
        check.name for check in report.undecided}


@pytest.mark.parametrize("target", ["host", "micropython", "onnx"])
@pytest.mark.parametrize("action", ["continuous", "discrete"])
def test_steps_that_clip_fail(action: str, target: str, tmp_path: Path) -> None:
    """Four in five held-back steps leave the calibrated range, and bounds hide most of the error:
    it is judged all the same, and verify does not pass."""
    torch = pytest.importorskip("torch")
    if target == "onnx":
        pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(6, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2))
    seen = np.random.default_rng(0).standard_normal((2000, 6))
    seen[1000:] *= 10
    np.savez(tmp_path / "seen.npz", observations=seen)
    bounds = {"action_low": (-2.0, -2.0), "action_high": (2.0, 2.0)}
    with pytest.warns(PolicyWarning, match="far outside" if target == "onnx" else "will fail"):
        out = puffer_edge.export(
            net, tmp_path / "a", target=target, scheme="int8", observation_shape=6, action=action,
            calibrate=str(tmp_path / "seen.npz"), **(bounds if action == "continuous" else {}))
    report = puffer_edge.verify(out, **({"target": "host"} if target == "host" else {}))
    assert not report.passed
    assert any("agree with the float policy" in check.name for check in report.checks
               if check.verdict == "failed")


def test_a_reference_wants_what_is_missing_and_no_more() -> None:
    """All its steps judge; a recording is halved, and so twice as many are to be recorded."""
    random = np.random.default_rng(0)
    theirs = random.standard_normal((60, 2))
    ours = theirs + 0.03 * theirs.std() * random.standard_normal(theirs.shape)
    found = agreement_of_actions(theirs, ours, Continuous(2), Limits(mean=0.026, tail=1.0))
    assert found.verdict == "not judged" and found.missing > 0

    def asked(recorded: int) -> int:
        text = decided("x", found, "steps", recorded).detail
        return int(text.split("record ")[1].split(" more")[0].replace(",", ""))

    assert found.missing <= asked(1) <= 1.2 * found.missing
    assert asked(2) == pytest.approx(2 * found.missing, rel=0.2)


@pytest.mark.parametrize(("target", "scheme"), [
    ("host", "float32"), ("host", "int16"), ("micropython", "int16"), ("onnx", "float32")])
def test_a_reference_of_actions(target: str, scheme: str, tmp_path: Path) -> None:
    """As torch acts, squashed and scaled to the bounds."""
    torch = pytest.importorskip("torch")
    if target == "onnx":
        pytest.importorskip("onnxruntime")
    net = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    random = np.random.default_rng(0)
    observations = random.standard_normal((3000, 3)).astype(np.float32)
    np.savez(tmp_path / "seen.npz", observations=observations)
    out = puffer_edge.export(
        net, tmp_path / "a", target=target, scheme=scheme, observation_shape=3,
        action="continuous", squash=True, action_low=(-3.0, 0.0), action_high=(3.0, 1.0),
        calibrate=str(tmp_path / "seen.npz") if scheme == "int16" else "")
    mean = torch.tanh(net(torch.from_numpy(observations))).detach().numpy()
    actions = mean * np.array([3, 0.5]) + np.array([0, 0.5])
    for factor, good in ((1.0, True), (1.2, False)):
        np.savez(tmp_path / "reference.npz", observations=observations,
                 actions=factor * actions)
        report = puffer_edge.verify(out, reference=tmp_path / "reference.npz")
        check = next(check for check in report.checks
                     if check.name == "actions are those of the reference")
        assert (check.verdict == "passed") == good, check.detail


@pytest.mark.parametrize(("steps", "verdict"), [(100, "not judged"), (4000, "passed")])
def test_the_bundled_lstm_needs_more_than_100_steps(steps: int, verdict: str) -> None:
    """As ``--calibrate env:CartPole-v1 --observe 0,2`` records them."""
    pytest.importorskip("gymnasium")
    made = to_integers(puffer_edge.load(POLICIES / "cartpole_puffer_lstm.pt"),
                       Wish("int16", "env:CartPole-v1", steps=steps, observe=(0, 2)))
    assert made.agreements["held back"].verdict == verdict
    told = [note.text for note in made.program.notes if note.kind == "warning"]
    assert any("too few steps" in text for text in told) == (verdict == "not judged")
