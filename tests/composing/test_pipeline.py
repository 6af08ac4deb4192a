# SPDX-License-Identifier: MIT
"""A pipeline gives what onnxruntime gives that runs both files one after the other."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.cli import main
from puffer_edge.composing import pipeline
from puffer_edge.errors import PolicyWarning, UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from tests.composing.files import network, recurrent, run

pytest.importorskip("onnx")
TOLERANCE = 2e-6
"""Sums of at most 30 float32 products of numbers of some 1."""


def load(path: Path, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PolicyWarning)
        return puffer_edge.load(path, **options)


def estimator(folder: Path) -> Path:
    return network(folder / "estimator.onnx", {"history": 30}, {"velocity": 3, "latent": 4}, 1)


def numbers(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, size).astype(np.float32)


def test_fields_are_fed_by_their_names(tmp_path: Path) -> None:
    one = estimator(tmp_path)
    other = network(tmp_path / "actor.onnx", {"latent": 4, "gyro": 6, "velocity": 3},
                    {"actions": 2}, 2)
    whole = pipeline(load(one, observation={"history": 30}), load(other))
    assert [(field.name, field.size) for field in whole.contract.observation] == [
        ("history", 30), ("gyro", 6)]
    assert [note.code for note in whole.notes].count("composed-order") == 1
    policy = Interpreter(whole)
    for seed in range(10):
        history, gyro = numbers(30, seed), numbers(6, seed + 100)
        velocity, latent = run(one, [history])
        np.testing.assert_allclose(policy.step(np.concatenate([history, gyro]))["mean"],
                                   run(other, [latent, gyro, velocity])[0], atol=TOLERANCE)


def test_an_actor_sees_the_newest_step_of_the_estimators_history(tmp_path: Path) -> None:
    """As HIM's: one flat observation, whose first part is the end of the history."""
    one = estimator(tmp_path)
    other = network(tmp_path / "actor.onnx", {"obs": 13}, {"actions": 2}, 2)
    whole = pipeline(load(one), load(other),
                     "obs[0:6]=obs[24:30], obs[6:9]=velocity, obs[9:13]=latent[0:4]")
    assert [field.size for field in whole.contract.observation] == [30]
    policy = Interpreter(whole)
    for seed in range(10):
        history = numbers(30, seed)
        velocity, latent = run(one, [history])
        np.testing.assert_allclose(
            policy.step(history)["mean"],
            run(other, [np.concatenate([history[24:], velocity, latent])])[0], atol=TOLERANCE)


def test_what_is_given_stands_after_what_both_see(tmp_path: Path) -> None:
    one = network(tmp_path / "a.onnx", {"obs": 6}, {"latent": 3}, 1)
    other = network(tmp_path / "b.onnx", {"obs": 9}, {"actions": 2}, 2)
    policy = Interpreter(pipeline(load(one), load(other)))
    x = numbers(6, 0)
    np.testing.assert_allclose(policy.step(x)["mean"],
                               run(other, [np.concatenate([x, run(one, [x])[0]])])[0],
                               atol=TOLERANCE)


def test_a_recurrent_estimator_remembers(tmp_path: Path) -> None:
    one = recurrent(tmp_path / "estimator.onnx")
    other = network(tmp_path / "actor.onnx", {"seen": 5, "latent": 3}, {"actions": 2}, 2)
    whole = pipeline(load(one, observation={"seen": 5}), load(other))
    assert [field.name for field in whole.contract.observation] == ["seen"]
    policy, state = Interpreter(whole), np.zeros(8, np.float32)
    for seed in range(20):
        x = numbers(5, seed)
        latent, state = run(one, [x, state])
        np.testing.assert_allclose(policy.step(x)["mean"], run(other, [x, latent])[0],
                                   atol=TOLERANCE)


@pytest.mark.exhaustive
def test_the_library_that_owns_the_format_judges_each_file(tmp_path: Path) -> None:
    files = [estimator(tmp_path), network(tmp_path / "b.onnx", {"velocity": 3, "latent": 4},
                                          {"actions": 2}, 2)]
    readings: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PolicyWarning)
        puffer_edge.compose(files, original="run", second_reader=readings.append)
    assert len(readings) == 2 and {reading.verdict for reading in readings} == {"agrees"}


@pytest.mark.parametrize(("joins", "what"), [
    ("", "nothing that the first gives"), ("obs=obs", "30 numbers of the first do not fit 13"),
    ("obs[0:3]=velocity,obs[2:6]=latent", "number 2 .* joined twice"),
    ("obs[0:3]=speed", "gives velocity 3, latent 4, and sees no 'speed'"),
    ("other=velocity", "the second sees no 'other'; there are obs 13"),
    ("obs[0:3]", "no FIELD=OUTPUT"), ("obs[3:3]=velocity", "no part of 13 numbers"),
    ("obs[0:6]=obs[24:30]", "nothing that the first gives"),
    ("obs[12:15]=velocity", "no part of 13"), ("obs[0:2]=velocity[2:4]", "no part of 3"),
])
def test_what_cannot_be_joined_is_one_error(joins: str, what: str, tmp_path: Path) -> None:
    one = load(estimator(tmp_path))
    other = load(network(tmp_path / "actor.onnx", {"obs": 13}, {"actions": 2}, 2))
    with pytest.raises(UsageError, match=what):
        pipeline(one, other, joins)


def test_what_is_not_composed_is_refused(tmp_path: Path) -> None:
    examples = Path(__file__).parents[2] / "examples" / "policies"
    actor = load(network(tmp_path / "actor.onnx", {"obs": 4}, {"actions": 2}, 2))
    squashed = load(network(tmp_path / "a.onnx", {"obs": 3}, {"actions": 1}, 2), squash=True,
                    action="continuous")
    with pytest.raises(UnsupportedError, match="squashes its action"):
        pipeline(squashed, actor)
    with pytest.raises(UsageError, match="two policies or more"):
        puffer_edge.compose([examples / "cartpole_sb3.zip"])


def test_the_command_line_makes_one_artefact(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                             ) -> None:
    """Of three files, in integers: near what the files give one after the other."""
    one = estimator(tmp_path)
    other = network(tmp_path / "actor.onnx", {"gyro": 6, "velocity": 3, "latent": 4},
                    {"goal": 5}, 2)
    last = network(tmp_path / "legs.onnx", {"goal": 5}, {"actions": 2}, 3)
    files = [str(one), str(other), str(last)]
    np.save(tmp_path / "seen.npy", np.random.default_rng(0).uniform(-2, 2, (100, 36)))
    with pytest.raises(SystemExit) as end:
        main(["export", *files, "--compose", "pipeline", "-o", str(tmp_path / "a"),
              "--name", "legs", "--scheme", "int8", "--calibrate", str(tmp_path / "seen.npy")])
    assert not end.value.code
    assert "composed-order" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "a" / "policy.json").read_text())
    assert manifest["observation"]["size"] == 36 and manifest["action"]["size"] == 2
    with puffer_edge.runtimes.load(tmp_path / "a", "numpy") as policy:
        for seed in range(5):
            history, gyro = numbers(30, seed).clip(-2, 2), numbers(6, seed + 100).clip(-2, 2)
            velocity, latent = run(one, [history])
            goal = run(other, [gyro, velocity, latent])[0]
            np.testing.assert_allclose(policy.step(np.concatenate([history, gyro])),
                                       run(last, [goal])[0], atol=0.25)  # of some 3
    for wrong in ([*files], [files[0], "--compose", "pipeline"], [*files, "--compose", "mix"],
                  [*files, "--compose", "pipeline:goal=mean"]):
        with pytest.raises(SystemExit) as end:
            main(["export", *wrong, "-o", str(tmp_path / "b")])
        assert end.value.code == 2
    assert not (tmp_path / "b").exists()
