# SPDX-License-Identifier: MIT
"""Statistics of VecNormalize beside a zip: the whole chain acts as it does in the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, Space
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

import puffer_edge
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.interpreter import Interpreter
from tests.readers.stable_baselines3_models import (
    STEPS,
    VECTOR,
    Env,
    agree,
    make,
    model_of,
    notes,
    observations_of,
    saved,
)


def vec_env(observation: Space[Any], steps: int = 30, **options: Any) -> Any:
    env = VecNormalize(DummyVecEnv([lambda: Env(Discrete(3), observation)]), **options)
    env.seed(4)
    env.reset()
    for _ in range(steps):
        env.step([0])
    return env


def statistics(env: Any, directory: Path) -> Path:
    path = directory / "vecnormalize.pkl"
    env.save(str(path))
    return path


@pytest.mark.parametrize("options", [{}, {"clip_obs": 1.5}, {"clip_obs": np.inf},
                                     {"epsilon": 1e-2}], ids=str)
@pytest.mark.parametrize("shape", [(5,), (2, 3)])
def test_the_whole_chain_with_vec_normalize(shape: tuple[int, ...], options: dict[str, Any],
                                            tmp_path: Path) -> None:
    env = vec_env(Box(-1, 1, shape), **options)
    model = make(Discrete(3), env=env)
    program = puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(env, tmp_path),
                               keep_value=True)
    assert "not normalised" not in notes(program)
    draw = Env(Discrete(3), Box(-1, 1, shape))
    draw.reset(seed=9)
    env.training = False
    raw = [draw.draw() * factor for factor in (1, 3, 0.1, 0) for _ in range(10)]
    normal = [env.normalize_obs(x) for x in raw]
    assert max(np.abs(x).max() for x in normal) >= min(env.clip_obs, 3)  # the clip is used
    agree(program, model, raw, env.normalize_obs)


def test_statistics_of_dictionaries(tmp_path: Path) -> None:
    """Each key has its own; a key that is not normalised stays as it is."""
    space = Dict({"a": Box(-9, 9, (3,)), "b": Box(-9, 9, (2,)), "c": MultiBinary(2)})
    class Parts(Env):
        def draw(self) -> Any:
            return {"a": self.np_random.normal(3, 5, 3).astype(np.float32),
                    "b": self.np_random.normal(-1, 0.1, 2).astype(np.float32),
                    "c": self.np_random.integers(0, 2, 2).astype(np.int8)}

    env = VecNormalize(DummyVecEnv([lambda: Parts(Discrete(3), space)]), norm_obs_keys=["a", "b"],
                       clip_obs=1.5)
    env.seed(4)
    env.reset()
    for _ in range(30):
        env.step([0])
    env.training = False
    model = make(Discrete(3), env=env, policy="MultiInputPolicy")
    program = puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(env, tmp_path))
    assert [(f.name, f.size) for f in program.contract.observation] == [
        ("a", 3), ("b", 2), ("c", 2)]
    draw, runner = Parts(Discrete(3), space), Interpreter(program)
    draw.reset(seed=9)
    for _ in range(STEPS):
        raw = draw.draw()
        normal = env.normalize_obs({key: value[None] for key, value in raw.items()})
        features = model.policy.extract_features(
            {key: torch.from_numpy(np.asarray(value)).float() for key, value in normal.items()})
        with torch.no_grad():
            actor, _ = model.policy.mlp_extractor(features)
            theirs = model.policy.action_net(actor).numpy().ravel()
        flat = np.concatenate([np.asarray(raw[key], np.float32) for key in "abc"])
        np.testing.assert_allclose(runner.step(flat)["logits"], theirs, rtol=0, atol=1e-5)
    with pytest.raises(UnsupportedError, match="dictionaries"):
        puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(vec_env(VECTOR),
                                                                          tmp_path))


def test_without_the_statistics_it_is_another_policy(tmp_path: Path) -> None:
    env = vec_env(VECTOR)
    model = make(Discrete(3), env=env)
    program = puffer_edge.load(saved(model, tmp_path), keep_value=True)
    assert "not normalised" in notes(program)
    draw = Env(Discrete(3), VECTOR)
    draw.reset(seed=9)
    with pytest.raises(AssertionError):
        agree(program, model, [draw.draw()], env.normalize_obs)


def test_statistics_of_rewards_only(tmp_path: Path) -> None:
    env = vec_env(VECTOR, norm_obs=False)
    model = make(Discrete(3), env=env)
    program = puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(env, tmp_path),
                               keep_value=True)
    assert "does not normalise observations" in notes(program, "warning")
    agree(program, model, observations_of(model))


def test_statistics_that_do_not_fit(tmp_path: Path) -> None:
    path = saved(model_of("ReLU"), tmp_path)
    with pytest.raises(FileFormatError, match="4 features, the policy takes 5"):
        puffer_edge.load(path, vec_normalize=statistics(vec_env(Box(-1, 1, (4,))), tmp_path))
    with pytest.raises(UnsupportedError, match="dictionaries"):
        puffer_edge.load(path, vec_normalize=statistics(vec_env(Dict({"a": VECTOR})), tmp_path))
    for wrong in (path, tmp_path, tmp_path / "nothing"):
        with pytest.raises(FileFormatError):
            puffer_edge.load(path, vec_normalize=wrong)
