# SPDX-License-Identifier: MIT
"""A VecNormalize that was forgotten or swapped, in files that Stable-Baselines3 itself saved."""

from __future__ import annotations

import base64
import json
import pickle
import zipfile
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import gymnasium
from gymnasium.spaces import Box
from stable_baselines3 import DQN, PPO, SAC, TD3
from stable_baselines3.common.callbacks import BaseCallback, CheckpointCallback, EvalCallback
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from tests.readers.forging import zipped

SPACES = {"bounded": Box(0, 1, (3,)), "unbounded": Box(-np.inf, np.inf, (3,))}
BOUNDED, UNBOUNDED = SPACES


class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
    """Features of different means and spreads between 0 and 1."""

    def __init__(self, space: str, action: Any, shift: float = 0) -> None:
        self.observation_space, self.action_space, self.shift = SPACES[space], action, shift

    def draw(self) -> Any:
        x = self.np_random.beta([2, 20, 5], [20, 2, 5]) * (1 - self.shift) + self.shift
        return x.astype(np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.time = 0
        return self.draw(), {}

    def step(self, action: Any) -> Any:
        self.time += 1
        return self.draw(), 0.0, self.time >= 30, False, {}


class SaveStatistics(BaseCallback):
    """What the documentation suggests beside the best model."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def _on_step(self) -> bool:
        environment = self.model.get_vec_normalize_env()
        assert environment is not None
        environment.save(str(self.path))
        return True


ON_POLICY = {"n_steps": 64, "batch_size": 64, "n_epochs": 1}
OFF_POLICY = {"buffer_size": 300, "learning_starts": 10**6}


@cache
def run(kind: Any, space: str = BOUNDED, normalized: bool = True, norm_obs: bool = True) -> Path:
    """A folder with the final save, checkpoints, and the best model, each with its pickle."""
    folder = Path(mkdtemp(prefix="normaliser"))
    action = gymnasium.spaces.Discrete(2) if kind is DQN else Box(-1, 1, (2,))
    env: Any = DummyVecEnv([lambda: Env(space, action)])
    env.seed(3)
    callbacks: list[BaseCallback] = []
    if normalized:
        env = VecNormalize(env, norm_obs=norm_obs)
        judge = VecNormalize(DummyVecEnv([lambda: Env(space, action)]), training=False)
        callbacks = [
            CheckpointCallback(100, str(folder), "at", save_vecnormalize=True),
            EvalCallback(judge, SaveStatistics(folder / "best.pkl"), n_eval_episodes=1, verbose=0,
                         eval_freq=100, best_model_save_path=str(folder), warn=False)]
    model = kind("MlpPolicy", env, device="cpu", seed=1, policy_kwargs={"net_arch": [4]},
                 **(ON_POLICY if kind is PPO else OFF_POLICY))
    model.learn(200, callback=callbacks)
    model.save(folder / "final.zip")
    if normalized:
        env.save(str(folder / "final.pkl"))
    return folder


@cache
def foreign() -> Path:
    """Statistics of another task with as many features."""
    path = Path(mkdtemp(prefix="normaliser")) / "foreign.pkl"
    env = VecNormalize(DummyVecEnv([lambda: Env(UNBOUNDED, Box(-1, 1, (2,)), shift=0.9)]))
    env.seed(3)
    env.reset()
    for _ in range(50):
        env.step([np.zeros(2)])
    env.save(str(path))
    return path


def codes(program: Program) -> set[str]:
    return {note.code for note in program.notes if note.kind == "assumed" and note.code}


def said(program: Program) -> str:
    return "\n".join(note.text for note in program.notes)


SAVES = {"final": ("final.zip", "final.pkl"), "best model": ("best_model.zip", "best.pkl"),
         "checkpoint": ("at_100_steps.zip", "at_vecnormalize_100_steps.pkl"),
         "best model, final statistics": ("best_model.zip", "final.pkl")}


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize(("kind", "space"), [(SAC, BOUNDED), (SAC, UNBOUNDED), (PPO, BOUNDED)],
                         ids=["SAC", "SAC, unbounded", "PPO"])
def test_the_right_statistics_of_every_save(kind: Any, space: str, save: str) -> None:
    file, statistics = (run(kind, space) / name for name in SAVES[save])
    program = puffer_edge.load(file, vec_normalize=statistics)
    assert not {code for code in codes(program) if code.startswith("normaliser")}
    if kind is SAC:
        proved = "proves that they are its own" in said(program)
        assert proved == (save == "final") and proved != ("off by" in said(program))


def test_what_acts_is_the_normalised_policy() -> None:
    folder = run(SAC)
    model = SAC.load(folder / "final.zip")
    normalize = VecNormalize.load(str(folder / "final.pkl"), DummyVecEnv(
        [lambda: Env(BOUNDED, model.action_space)]))
    program = puffer_edge.load(folder / "final.zip", vec_normalize=folder / "final.pkl")
    random = np.random.default_rng(1)
    for _ in range(20):
        x = random.uniform(0, 1, 3).astype(np.float32)
        theirs, _ = model.predict(normalize.normalize_obs(x), deterministic=True)
        np.testing.assert_allclose(Interpreter(program).act(x), theirs, atol=1e-4)
    found = program.contract.normaliser
    assert found is not None and found.clip == normalize.clip_obs
    np.testing.assert_array_equal(found.mean, normalize.obs_rms.mean)
    np.testing.assert_array_equal(found.deviation,
                                  np.sqrt(normalize.obs_rms.var + normalize.epsilon))


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize("kind", [SAC, TD3, DQN])
def test_foreign_statistics_are_refused(kind: Any, save: str) -> None:
    with pytest.raises(UsageError, match="not the VecNormalize of this policy") as caught:
        puffer_edge.load(run(kind) / SAVES[save][0], vec_normalize=foreign())
    assert 'accept=["normaliser-other"]' in caught.value.hint
    program = puffer_edge.load(run(kind) / SAVES[save][0], vec_normalize=foreign(),
                               accept="normaliser-other")
    assert program.contract.normaliser is not None and "normaliser-other" in codes(program)


def test_foreign_statistics_clip_what_ppo_saw() -> None:
    program = puffer_edge.load(run(PPO) / "final.zip", vec_normalize=foreign())
    assert "so unusual" in said(program)


@pytest.mark.parametrize("save", ["final", "checkpoint", "best model"])
@pytest.mark.parametrize(("kind", "space", "reason"), [
    (SAC, BOUNDED, "observation space ends at 0 and 1"), (PPO, UNBOUNDED, "with a VecNormalize"),
    (PPO, BOUNDED, "observation space ends at 0 and 1")])
def test_missing_statistics_are_refused_where_the_zip_shows_it(kind: Any, space: str, reason: str,
                                                               save: str) -> None:
    file = run(kind, space) / SAVES[save][0]
    with pytest.raises(UsageError, match=reason) as caught:
        puffer_edge.load(file)
    assert 'vec_normalize="none"' in caught.value.hint
    assert ("norm_obs=False" in caught.value.hint) == (space is UNBOUNDED)
    accepted = puffer_edge.load(file, accept="normaliser-missing")
    assert "normaliser-missing" in codes(accepted) and accepted.contract.normaliser is None
    program = puffer_edge.load(file, vec_normalize="none")
    assert program.contract.normaliser is None and "normaliser-missing" not in codes(program)
    assert ("has to normalise" in said(program)) == (space is BOUNDED)


def test_missing_where_nothing_tells() -> None:
    """Off-policy in a space without bounds: an assumption, as before."""
    assert "normaliser-missing" in codes(puffer_edge.load(run(SAC, UNBOUNDED) / "final.zip"))


@pytest.mark.parametrize("kind", [SAC, PPO])
def test_statistics_that_were_switched_off(kind: Any) -> None:
    folder = run(kind, BOUNDED, True, False)
    program = puffer_edge.load(folder / "final.zip", vec_normalize=folder / "final.pkl")
    assert "does not normalise observations" in said(program)
    other = run(kind, BOUNDED) / "final.pkl"
    if kind is SAC:  # both sides of the last step are the same: nothing normalised
        assert "normaliser-missing" not in codes(puffer_edge.load(folder / "final.zip"))
        with pytest.raises(UsageError, match="not the VecNormalize of this policy"):
            puffer_edge.load(folder / "final.zip", vec_normalize=other)
    else:
        with pytest.raises(UsageError, match="with a VecNormalize"):
            puffer_edge.load(folder / "final.zip")
    with pytest.raises(UsageError):  # and the pickle that is switched off, for one that was on
        puffer_edge.load(run(kind, BOUNDED) / "final.zip", vec_normalize=folder / "final.pkl")


@pytest.mark.parametrize("kind", [SAC, PPO])
def test_a_policy_without_any(kind: Any) -> None:
    file = run(kind, BOUNDED, False) / "final.zip"
    assert ("normaliser-missing" in codes(puffer_edge.load(file))) == (kind is SAC)
    with pytest.raises(UsageError, match="normaliser-other"):
        puffer_edge.load(file, vec_normalize=run(kind, BOUNDED) / "final.pkl")


class Parts(Env):
    """The same with an observation of two keys."""

    def __init__(self) -> None:
        super().__init__(UNBOUNDED, Box(-1, 1, (2,)))
        self.observation_space = gymnasium.spaces.Dict(
            {"b": SPACES[UNBOUNDED], "a": SPACES[UNBOUNDED]})

    def draw(self) -> Any:
        return {"a": super().draw(), "b": super().draw() * 7}


def test_statistics_by_key(tmp_path: Path) -> None:
    env = VecNormalize(DummyVecEnv([Parts]), norm_obs_keys=["b"])
    model = SAC("MultiInputPolicy", env, device="cpu", seed=1, policy_kwargs={"net_arch": [4]},
                **OFF_POLICY)
    model.learn(60)
    model.save(tmp_path / "parts.zip")
    env.save(str(tmp_path / "right.pkl"))
    program = puffer_edge.load(tmp_path / "parts.zip", vec_normalize=tmp_path / "right.pkl")
    assert "proves that they are its own" in said(program)
    found = program.contract.normaliser
    assert found is not None and found.mean[:3] == (0, 0, 0) and found.deviation[:3] == (1, 1, 1)
    np.testing.assert_array_equal(found.mean[3:], env.obs_rms["b"].mean)
    env.obs_rms["b"].mean -= 1
    env.save(str(tmp_path / "wrong.pkl"))
    with pytest.raises(UsageError, match="not the VecNormalize of this policy"):
        puffer_edge.load(tmp_path / "parts.zip", vec_normalize=tmp_path / "wrong.pkl")


@pytest.mark.parametrize("new", [True, False])
def test_statistics_inside_the_policys_file(new: bool, tmp_path: Path) -> None:
    """rsl_rl's, whose network divides by the deviation and 0.01."""
    import torch

    from tests.frontends.support.trainers import _rsl_rl

    made = _rsl_rl(new=new)(tmp_path)
    saved = torch.load(made.path, weights_only=True)
    tensors = saved["actor_state_dict" if new else "model_state_dict"]
    start = "obs_normalizer." if new else "actor_obs_normalizer."
    program = puffer_edge.load(made.path)
    found = program.contract.normaliser
    assert found is not None and (found.clip, found.file) == (None, "")
    np.testing.assert_array_equal(found.mean, tensors[f"{start}_mean"].flatten())
    np.testing.assert_allclose(found.deviation, tensors[f"{start}_std"].flatten() + 0.01)
    directory = puffer_edge.export(made.path, tmp_path / "out")
    assert "normalises them itself" in (directory / "policy.h").read_text()


class Hostile:
    def __reduce__(self) -> Any:
        return eval, ("open('/tmp/puffer_edge_was_here', 'w')",)


@pytest.mark.parametrize("content", [
    b"", b"not a pickle", pickle.dumps(Hostile()), pickle.dumps([1, 2]), pickle.dumps(None),
    pickle.dumps(np.array(3.0)), pickle.dumps(np.array([None])), pickle.dumps({1: np.zeros(3)}),
    pickle.dumps({"": np.full((1, 3), np.nan)}), pickle.dumps(np.zeros((0, 3)))],
    ids=repr)
def test_what_is_no_observation_proves_nothing(content: bytes, tmp_path: Path) -> None:
    original = run(SAC) / "final.zip"
    with zipfile.ZipFile(original) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    data = json.loads(members["data"])
    for key in ("_last_obs", "_last_original_obs"):
        data[key][":serialized:"] = base64.b64encode(content).decode()
    path = tmp_path / "changed.zip"
    path.write_bytes(zipped({**members, "data": json.dumps(data).encode()}.items()))
    assert "normaliser-missing" in codes(puffer_edge.load(path))
    program = puffer_edge.load(path, vec_normalize=run(SAC) / "final.pkl")
    assert "proves" not in said(program) and program.contract.normaliser is not None
    assert not Path("/tmp/puffer_edge_was_here").exists()


def test_statistics_stand_in_everything_that_is_written(tmp_path: Path) -> None:
    import hashlib

    from typer.testing import CliRunner

    from puffer_edge.cli import app

    folder = run(SAC)
    result = CliRunner().invoke(app, [
        "export", str(folder / "final.zip"), "-o", str(tmp_path / "out"), "--vec-normalize",
        str(folder / "final.pkl")])
    assert not result.exit_code, result.output
    digest = hashlib.sha256((folder / "final.pkl").read_bytes()).hexdigest()
    assert digest[:16] in result.output
    manifest = json.loads((tmp_path / "out" / "policy.json").read_text())
    found = manifest["observation"]["normaliser"]
    assert found["sha256"] == digest and found["clip"] == 10 and len(found["mean"]) == 3
    header = (tmp_path / "out" / "policy.h").read_text()
    assert "raw sensor values; the policy" in header
    assert digest[:16] in puffer_edge.verify(tmp_path / "out").to_markdown()
