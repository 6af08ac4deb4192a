# SPDX-License-Identifier: MIT
"""What Stable-Baselines3 itself saves, read without it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import gymnasium
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3

import puffer_edge
from puffer_edge.errors import FileFormatError
from puffer_edge.readers.stable_baselines3_zip import (
    load_stable_baselines3,
)
from tests.readers.forging import refused, zipped

OBSERVATION = Box(-1, 1, (4,))
# numpy prints arrays with 8 digits after the point, so a bound is off by half of the last one;
# making it float32 again rounds once more.
PRINTED = 0.5e-8


class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
    def __init__(self, action: Space[Any], observation: Space[Any] = OBSERVATION) -> None:
        self.action_space = action
        self.observation_space = observation

    def reset(self, **_: Any) -> Any:
        return self.observation_space.sample(), {}


def ppo(action: Space[Any], observation: Space[Any] = OBSERVATION, **arguments: Any) -> Any:
    policy = "MultiInputPolicy" if isinstance(observation, Dict) else "MlpPolicy"
    return PPO(policy, Env(action, observation), n_steps=8, batch_size=8, device="cpu",
               **{"policy_kwargs": {"net_arch": [8]}, **arguments})


def read(model: Any, directory: Path) -> Any:
    path = directory / "policy.zip"
    model.save(path)
    return load_stable_baselines3(path)


def test_a_file_that_was_cut_off_says_so(tmp_path: Path) -> None:
    """At the end of the archives inside, too: the rest looks like a checkpoint of torch."""
    whole = tmp_path / "policy.zip"
    ppo(Discrete(3)).save(whole)
    content = whole.read_bytes()
    ends = [i + 22 for i in range(len(content)) if content.startswith(b"PK\x05\x06", i)]
    assert len(ends) > 2
    cut = tmp_path / "cut.zip"
    for end in (*ends[:-1], ends[0] + 1, len(content) - 1, len(content) // 3):
        cut.write_bytes(content[:end])
        with pytest.raises(FileFormatError, match="the archive is cut off"):
            puffer_edge.load(cut)


@pytest.mark.parametrize("make", [
    lambda: ppo(Discrete(3)),
    lambda: ppo(Box(-1, 1, (2,)), use_sde=True),
    lambda: ppo(Discrete(2), Dict({"a": OBSERVATION, "b": Discrete(3)})),
    lambda: A2C("MlpPolicy", "CartPole-v1", device="cpu"),
    lambda: PPO("MlpPolicy", "Pendulum-v1", n_steps=8, batch_size=8, device="cpu"),
    lambda: DQN("MlpPolicy", "CartPole-v1", buffer_size=10, device="cpu"),
    lambda: SAC("MlpPolicy", "Pendulum-v1", buffer_size=10, device="cpu"),
    lambda: TD3("MlpPolicy", "Pendulum-v1", buffer_size=10, device="cpu"),
], ids=["PPO", "gSDE", "dict", "A2C", "Pendulum", "DQN", "SAC", "TD3"])
def test_weights(make: Any, tmp_path: Path) -> None:
    model = make()
    ours = read(model, tmp_path).weights
    state = model.policy.state_dict()
    assert list(ours) == list(state)
    for key, value in state.items():
        assert ours[key].dtype == value.numpy().dtype
        np.testing.assert_array_equal(ours[key], value.numpy())


def test_version_and_class(tmp_path: Path) -> None:
    import stable_baselines3

    file = read(ppo(Discrete(3)), tmp_path)
    assert file.version == stable_baselines3.__version__
    assert file.policy_class == "stable_baselines3.common.policies"
    assert read(DQN("MlpPolicy", "CartPole-v1", buffer_size=10, device="cpu"),
                tmp_path).policy_class == "stable_baselines3.dqn.policies"


@pytest.mark.parametrize("function", ["ReLU", "Tanh", "ELU", "SiLU", "GELU"])
def test_activation(function: str, tmp_path: Path) -> None:
    keywords = {"activation_fn": getattr(torch.nn, function), "net_arch": [4]}
    assert read(ppo(Discrete(2), policy_kwargs=keywords), tmp_path).activation == (
        f"<class 'torch.nn.modules.activation.{function}'>")


def test_defaults_are_empty(tmp_path: Path) -> None:
    file = read(ppo(Discrete(2)), tmp_path)
    assert (file.activation, file.extractor, file.squash_output) == ("", "", None)


def test_squash_output(tmp_path: Path) -> None:
    keywords = {"squash_output": True, "net_arch": [4]}
    file = read(ppo(Box(-1, 1, (2,)), policy_kwargs=keywords, use_sde=True), tmp_path)
    assert file.squash_output is True


@pytest.mark.parametrize(("space", "sizes", "start"), [
    (Discrete(3), (3,), (0,)), (Discrete(7, start=-2), (7,), (-2,)),
    (MultiDiscrete([2, 3, 4]), (2, 3, 4), (0, 0, 0)), (MultiDiscrete([5]), (5,), (0,)),
    (MultiDiscrete(np.arange(2, 120)), tuple(range(2, 120)), (0,) * 118),
], ids=str)
def test_choices(space: Space[Any], sizes: tuple[int, ...], start: tuple[int, ...],
                 tmp_path: Path) -> None:
    action = read(ppo(space), tmp_path).action
    assert action.kind == type(space).__name__.lower()
    assert action.sizes == sizes and action.start == start


def test_multibinary_has_a_kind(tmp_path: Path) -> None:
    assert read(ppo(MultiBinary(3)), tmp_path).action.kind == "multibinary"


@pytest.mark.parametrize("low,high", [
    (-1.0, 1.0), (0.0, 0.1), (-1 / 3, 2 / 3), (-1e4, 1e-3), (-123456.79, 0.012345678),
])
@pytest.mark.parametrize("shape", [(1,), (3,), (2, 3), (50,)])
def test_equal_bounds(low: float, high: float, shape: tuple[int, ...], tmp_path: Path) -> None:
    space = Box(low, high, shape)
    assert_bounds(read(ppo(space), tmp_path).action, space)


@pytest.mark.parametrize("seed", range(6))
def test_different_bounds(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    low = (random.normal(size=9) * 10.0 ** random.integers(-4, 5)).astype(np.float32)
    space = Box(low, low + random.uniform(0.5, 2, 9).astype(np.float32) * (1 + np.abs(low)))
    assert_bounds(read(ppo(space), tmp_path).action, space)


def assert_bounds(action: Any, space: Box) -> None:
    assert (action.kind, action.shape, action.dtype) == ("box", space.shape, "float32")
    for ours, theirs in ((action.low, space.low), (action.high, space.high)):
        wanted = theirs.reshape(-1)
        error = np.abs(np.array(ours, np.float64) - wanted.astype(np.float64))
        assert np.all(error <= PRINTED + np.spacing(np.abs(wanted)))


def test_bounds_that_the_file_does_not_tell_in_full(tmp_path: Path) -> None:
    """numpy prints long arrays with dots; half of the bounds would be worse than none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        space = Box(-np.arange(1, 1200, dtype=np.float32), np.float32(1))
        action = read(ppo(space), tmp_path).action
    assert action.low == () and action.shape == (1199,)


def test_observation_without_bounds(tmp_path: Path) -> None:
    """CartPole's velocities have none: the largest float32 stands for that."""
    observation = read(A2C("MlpPolicy", "CartPole-v1", device="cpu"), tmp_path).observation
    largest = float(np.finfo(np.float32).max)
    assert observation.kind == "box" and observation.shape == (4,)
    np.testing.assert_allclose(
        observation.high, (4.8, largest, 0.41887903, largest), rtol=2e-7)
    np.testing.assert_allclose(observation.low, np.negative(observation.high), rtol=2e-7)


def test_without_its_json(tmp_path: Path) -> None:
    """The weights are what matters; the rest is then unknown and not guessed."""
    import zipfile

    model = ppo(Discrete(3))
    model.save(tmp_path / "policy.zip")
    with zipfile.ZipFile(tmp_path / "policy.zip") as archive:
        weights = archive.read("policy.pth")
        data = json.loads(archive.read("data"))
    (tmp_path / "bare.zip").write_bytes(zipped([("policy.pth", weights)]))
    file = load_stable_baselines3(tmp_path / "bare.zip")
    assert set(file.weights) == set(model.policy.state_dict())
    assert (file.version, file.action.kind, file.action.sizes) == ("", "", ())
    del data["action_space"]
    (tmp_path / "part.zip").write_bytes(
        zipped([("policy.pth", weights), ("data", json.dumps(data).encode())]))
    file = load_stable_baselines3(tmp_path / "part.zip")
    assert (file.observation.kind, file.action.kind) == ("box", "")


def test_nan_weight_is_named(tmp_path: Path) -> None:
    model = ppo(Discrete(3))
    with torch.no_grad():
        model.policy.action_net.bias[1] = float("nan")
    with refused(FileFormatError, r"action_net\.bias"):
        read(model, tmp_path)


def test_spaces_as_python_printed_them_before_3_12() -> None:
    """gymnasium's own spaces, as pairs of an OrderedDict and as today's dictionary."""
    spaces = pytest.importorskip("gymnasium").spaces
    from puffer_edge.readers.stable_baselines3_zip import _parts

    parts = {"image": spaces.Box(0, 255, (3, 36, 36), "uint8"), "speed": spaces.Box(-1, 2, (2,)),
             "gear": spaces.Discrete(4), "keys": spaces.MultiBinary(3),
             "levels": spaces.MultiDiscrete([3, 4])}
    pairs = ", ".join(f"({name!r}, {space!r})" for name, space in parts.items())
    found = _parts(f"OrderedDict([{pairs}])")
    assert found == _parts(repr(parts))
    assert [space.shape for space in found.values()] == [(3, 36, 36), (2,), (), (3,), ()]
    assert not _parts(f"OrderedDict([{pairs}, ('odd', Odd(1))])")
