# SPDX-License-Identifier: MIT
"""``--normaliser`` before what is no state_dict: judged by the library that owns the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UsageError, VerificationError
from puffer_edge.frontends import observation_statistics
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.verification.originals.judging import read_again

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

MEAN, VARIANCE = np.array([3.0, -1.0, 0.0, 50.0]), np.array([1e-4, 4.0, 1.0, 9.0])


@pytest.fixture
def statistics(tmp_path: Path) -> Path:
    path = tmp_path / "statistics.npz"
    np.savez(path, mean=MEAN, var=VARIANCE, epsilon=1e-4, clip=5.0)
    return path


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    policy = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    torch.onnx.export(policy, (torch.zeros(1, 4),), str(tmp_path / "policy.onnx"), dynamo=False,
                      input_names=["obs"], output_names=["actions"])
    return tmp_path / "policy.onnx"


def seen(count: int) -> np.ndarray:
    return (MEAN + np.sqrt(VARIANCE) * np.random.default_rng(0).standard_normal((count, 4))).astype(
        np.float32)


def test_onnxruntime_takes_what_the_normaliser_gives(onnx: Path, statistics: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(onnx))
    program = puffer_edge.load(onnx, normaliser=statistics)
    interpreter = puffer_edge.interpreter.Interpreter(program)
    for x in seen(50):
        normal = np.clip((x - MEAN) / np.sqrt(VARIANCE + 1e-4), -5, 5).astype(np.float32)
        wanted = session.run(["actions"], {"obs": normal[None]})[0][0]
        got = next(iter(interpreter.step(x).values()))
        assert np.abs(got.reshape(-1) - wanted).max() < 1e-4  # the mean cancels against 50


def test_the_second_reader_normalises_too(onnx: Path, statistics: Path, tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    out = puffer_edge.export(onnx, tmp_path / "a", normaliser=statistics, original="auto")
    assert (out / "policy.h").is_file()
    real = observation_statistics.statistics

    def misread(arrays, numbers, where, **more):
        return real(arrays, {**numbers, "epsilon": 1e-8}, where, **more)

    monkeypatch.setattr(observation_statistics, "statistics", misread)
    wrong = puffer_edge.load(onnx, normaliser=statistics)
    monkeypatch.undo()
    with pytest.raises(VerificationError, match="disagrees"):
        judged(onnx, wrong, statistics).raise_if_wrong("")


def judged(onnx: Path, program: puffer_edge.Program, statistics: Path):
    """The misread Program against the original, which is given the statistics as they are."""
    right = puffer_edge.load(onnx, normaliser=statistics).contract.normaliser
    program = replace(program, contract=replace(program.contract, normaliser=right))
    return read_again(onnx, program, LoadOptions(normaliser=statistics))


def test_statistics_of_another_policy_are_refused(onnx: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", mean=np.zeros(7), var=np.ones(7))
    with pytest.raises(UsageError, match="7 elements, the policy takes 4"):
        puffer_edge.load(onnx, normaliser=tmp_path / "other.npz")


def test_a_class_of_the_users_tells_what_lies_between_its_layers(
        statistics: Path, tmp_path: Path) -> None:
    """Layers that fit in one order do not tell the function; the class does."""
    (tmp_path / "agent_of_mine.py").write_text(
        "from torch import nn\n\n\nclass Agent(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.trunk = nn.Sequential(nn.Linear(4, 8), nn.SiLU(),\n"
        "                                   nn.Linear(8, 8), nn.SiLU())\n"
        "        self.actor = nn.Linear(8, 2)\n        self.critic = nn.Linear(8, 1)\n\n"
        "    def forward(self, x):\n        return self.actor(self.trunk(x))\n")
    from puffer_edge.frontends.into_module import named_module

    named = f"{tmp_path / 'agent_of_mine.py'}:Agent"
    torch.manual_seed(1)
    agent = named_module(named)
    torch.save({"agent": agent.state_dict(), "args": {"env_id": "x"}}, tmp_path / "agent.pt")
    program = puffer_edge.load(tmp_path / "agent.pt", module=named, normaliser=statistics,
                               action="discrete")
    interpreter = puffer_edge.interpreter.Interpreter(program)
    x = seen(1)[0]
    normal = np.clip((x - MEAN) / np.sqrt(VARIANCE + 1e-4), -5, 5).astype(np.float32)
    wanted = agent(torch.from_numpy(normal)).detach().numpy()
    got = next(iter(interpreter.step(x).values())).reshape(-1)
    assert np.abs(got - wanted).max() < 1e-4
    puffer_edge.export(tmp_path / "agent.pt", tmp_path / "a", module=named, normaliser=statistics,
                       action="discrete", original="auto")


def test_a_size_that_no_layer_of_a_class_tells(tmp_path: Path) -> None:
    """A convolution takes any size: the hint's option says it."""
    torch.manual_seed(0)
    policy = torch.nn.Sequential(torch.nn.Conv1d(1, 2, 3), torch.nn.Flatten(),
                                 torch.nn.Linear(12, 2))
    with pytest.raises(UsageError, match="size of the observation"):
        puffer_edge.load(policy)
    program = puffer_edge.load(policy, observation_shape=(1, 8))
    x = np.arange(8, dtype=np.float32)
    wanted = policy(torch.from_numpy(x).reshape(1, 1, 8)).detach().numpy()
    got = next(iter(puffer_edge.interpreter.Interpreter(program).step(x).values()))
    assert np.abs(got.reshape(-1) - wanted.reshape(-1)).max() < 1e-4
