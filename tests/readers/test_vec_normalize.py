# SPDX-License-Identifier: MIT
"""The statistics of VecNormalize, from what the library itself pickles."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import gymnasium
from gymnasium.spaces import Box, Dict
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.vec_normalize import load_vec_normalize
from tests.readers.forging import refused


class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
    action_space = Box(-1, 1, (2,))

    def __init__(self, observation: Any) -> None:
        self.observation_space = observation

    def reset(self, **_: Any) -> Any:
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        return self.observation_space.sample(), 1.0, False, False, {}


def normalized(observation: Any = None, steps: int = 20, **options: Any) -> Any:
    space = Box(-5, 9, (3,)) if observation is None else observation
    env = VecNormalize(DummyVecEnv([lambda: Env(space)]), **options)
    env.reset()
    for _ in range(steps):
        env.step(np.zeros((1, 2), np.float32))
    return env


def assert_read(path: Path, env: Any) -> None:
    ours = load_vec_normalize(path)
    assert ours is not None
    assert ours.mean.dtype == ours.var.dtype == np.float64
    np.testing.assert_array_equal(ours.mean, env.obs_rms.mean.reshape(-1))
    np.testing.assert_array_equal(ours.var, env.obs_rms.var.reshape(-1))
    assert (ours.epsilon, ours.clip) == (env.epsilon, env.clip_obs)
    # The formula of the class, in its own words.
    raw = np.random.default_rng(1).uniform(-100, 100, env.obs_rms.mean.shape)
    wanted = env.normalize_obs(raw).reshape(-1)
    ours_normal = np.clip((raw.reshape(-1) - ours.mean) / np.sqrt(ours.var + ours.epsilon),
                          -ours.clip, ours.clip)
    np.testing.assert_array_equal(ours_normal.astype(np.float32), wanted.astype(np.float32))


@pytest.mark.parametrize("options", [
    {}, {"clip_obs": 5.0}, {"clip_obs": 3}, {"epsilon": 1e-4}, {"norm_reward": False},
    {"training": False}, {"clip_obs": np.float64(2.5)}, {"clip_obs": np.float32(2.5)}], ids=str)
def test_what_the_library_saves(options: dict[str, Any], tmp_path: Path) -> None:
    env = normalized(**options)
    env.save(str(tmp_path / "v.pkl"))
    assert_read(tmp_path / "v.pkl", env)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("shape", [(1,), (3,), (2, 4), (300,)])
def test_protocols_and_shapes(protocol: int, shape: tuple[int, ...], tmp_path: Path) -> None:
    env = normalized(Box(-5, 9, shape))
    (tmp_path / "v.pkl").write_bytes(pickle.dumps(env, protocol))
    assert_read(tmp_path / "v.pkl", env)


@pytest.mark.parametrize("change", [
    lambda a: a.astype(np.float32), lambda a: a.astype(">f8"), lambda a: np.asfortranarray(a),
    lambda a: a[::-1], lambda a: np.repeat(a, 2)[::2]],
    ids=["float32", "big-endian", "fortran", "reversed", "strided"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_in_other_forms(change: Any, protocol: int, tmp_path: Path) -> None:
    env = normalized()
    env.obs_rms.mean = change(env.obs_rms.mean)
    env.obs_rms.var = change(env.obs_rms.var)
    (tmp_path / "v.pkl").write_bytes(pickle.dumps(env, protocol))
    ours = load_vec_normalize(tmp_path / "v.pkl")
    assert ours is not None
    np.testing.assert_array_equal(ours.mean, env.obs_rms.mean)
    np.testing.assert_array_equal(ours.var, env.obs_rms.var)


def test_fortran_order_of_two_dimensions(tmp_path: Path) -> None:
    """Flattened as the policy flattens its observation, not as it lay in memory."""
    env = normalized(Box(-5, 9, (2, 3)))
    for protocol in (2, 5):
        env.obs_rms.mean = np.asfortranarray(env.obs_rms.mean)
        (tmp_path / "v.pkl").write_bytes(pickle.dumps(env, protocol))
        assert_read(tmp_path / "v.pkl", env)


def test_names_of_numpy_1(tmp_path: Path) -> None:
    """Files older than numpy 2 say numpy.core; the length prefix of the name changes with it."""
    env = normalized()
    content = pickle.dumps(env, 2)
    assert b"cnumpy._core.multiarray\n" in content
    (tmp_path / "v.pkl").write_bytes(content.replace(b"cnumpy._core.", b"cnumpy.core."))
    assert_read(tmp_path / "v.pkl", env)


@pytest.mark.parametrize("body", [
    b"c_codecs\nencode\nX\x01\0\0\0AX\x05\0\0\0utf-7\x86R",
    b"c_codecs\nencode\nK\x01X\x06\0\0\0latin1\x86R",
    b"c_codecs\nencode\nX\x02\0\0\0\xc4\x80X\x06\0\0\0latin1\x86R",
    b"c_codecs\nencode\n]]\x86R",
    # One megabyte of text, encoded again and again: 50 GB.
    b"c_codecs\nencode\nq\0X\x40\x42\x0f\0" + b"A" * 1_000_000
    + b"X\x06\0\0\0latin1\x86q\x01](" + b"h\0h\x01R" * 20_000 + b"e",
], ids=["codec", "number", "not latin-1", "lists", "bomb"])
def test_bytes_of_protocol_2_that_are_none(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "v.pkl").write_bytes(b"\x80\x02" + body + b".")
    with refused(FileFormatError):
        load_vec_normalize(tmp_path / "v.pkl")


def test_observations_that_are_not_normalized(tmp_path: Path) -> None:
    normalized(norm_obs=False).save(str(tmp_path / "v.pkl"))
    assert load_vec_normalize(tmp_path / "v.pkl") is None


def test_dictionary_observations(tmp_path: Path) -> None:
    env = normalized(Dict({"a": Box(-1, 1, (2,)), "b": Box(-1, 1, (3,))}))
    env.save(str(tmp_path / "v.pkl"))
    found = load_vec_normalize(tmp_path / "v.pkl")
    assert isinstance(found, dict) and list(found) == ["a", "b"]
    for key, size in (("a", 2), ("b", 3)):
        assert found[key].mean.shape == (size,)
        np.testing.assert_array_equal(found[key].var, env.obs_rms[key].var)


@pytest.mark.parametrize("name", ["mean", "var"])
@pytest.mark.parametrize("value", [
    np.array([1.0, np.nan, 2.0]), np.array([1.0, np.inf, 2.0]), np.array([1, None, 3], object),
    np.array([1.0, 2.0]), np.array(["a", "b", "c"]), np.array([1 + 2j, 0, 0]),
    np.array([(1.0, 2)] * 3, "f8,i4"), np.array([]), None, "text", [1.0, 2.0, 3.0], {},
], ids=str)
def test_moments_that_are_none(name: str, value: Any, tmp_path: Path) -> None:
    env = normalized()
    setattr(env.obs_rms, name, value)
    for protocol in (2, 4, 5):
        (tmp_path / "v.pkl").write_bytes(pickle.dumps(env, protocol))
        with refused(FileFormatError):
            load_vec_normalize(tmp_path / "v.pkl")


def test_negative_variance(tmp_path: Path) -> None:
    env = normalized()
    env.obs_rms.var = -env.obs_rms.var
    env.save(str(tmp_path / "v.pkl"))
    with refused(FileFormatError):
        load_vec_normalize(tmp_path / "v.pkl")


def test_truncated(tmp_path: Path) -> None:
    content = pickle.dumps(normalized(), 4)
    path = tmp_path / "v.pkl"
    for length in range(0, len(content), 3):
        path.write_bytes(content[:length])
        with refused(FileFormatError):
            load_vec_normalize(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with refused(FileFormatError):
            load_vec_normalize(path)
