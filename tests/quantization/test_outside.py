# SPDX-License-Identifier: MIT
"""Recordings held against the observation space that Stable-Baselines3 or gymnasium tells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact import program_file
from puffer_edge.errors import PolicyWarning, PufferEdgeError, UsageError
from puffer_edge.ir import Contract, Discrete, Field, Program
from puffer_edge.quantization.outside import doubts_of_bounds, refuse_outside
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.recording import record

pytest.importorskip("stable_baselines3")
pytest.importorskip("gymnasium")

LARGEST = float(np.finfo(np.float32).max)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy of Pendulum: cosine and sine within 1, the speed within 8."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecNormalize

    folder = tmp_path_factory.mktemp("pendulum")
    PPO("MlpPolicy", "Pendulum-v1", device="cpu", seed=1).save(folder / "plain.zip")
    env = VecNormalize(make_vec_env("Pendulum-v1", seed=1))
    model = PPO("MlpPolicy", env, n_steps=64, device="cpu", seed=1).learn(64)
    model.save(folder / "normalised.zip")
    env.save(str(folder / "normalised.pkl"))
    return folder


@pytest.fixture(scope="module")
def program(saved: Path) -> Program:
    with pytest.warns(PolicyWarning):
        return puffer_edge.load(saved / "plain.zip")


def _pendulum(steps: int = 400) -> np.ndarray:
    """What the environment gives for random actions."""
    import gymnasium

    env = gymnasium.make("Pendulum-v1")
    env.action_space.seed(3)
    rows = [env.reset(seed=3)[0]]
    for step in range(1, steps):
        rows.append(env.reset()[0] if step % 100 == 0 else env.step(env.action_space.sample())[0])
    return np.stack(rows).astype(np.float32)


def _file(tmp_path: Path, observations: np.ndarray) -> str:
    np.savez(tmp_path / "seen.npz", observations=observations,
             reset=np.arange(len(observations)) % 100 == 0)
    return str(tmp_path / "seen.npz")


def _warnings(program: Program, source: str) -> str:
    notes = to_integers(program, Wish("int16", source)).program.notes
    return "\n".join(note.text for note in notes if note.kind == "warning")


def test_the_bounds_are_those_of_the_environment(program: Program) -> None:
    (field,) = program.contract.observation
    assert (field.low, field.high) == ((-1, -1, -8), (1, 1, 8))
    stored = program_file.from_bytes(program_file.to_bytes(program))
    assert stored.contract == program.contract


def test_what_the_environment_gives_is_taken_without_a_word(
        program: Program, tmp_path: Path) -> None:
    found = _warnings(program, _file(tmp_path, _pendulum()))
    assert "observation space" not in found


@pytest.mark.parametrize("source", ["file", "bounds:-60:60"])
def test_other_units_are_refused(program: Program, tmp_path: Path, source: str) -> None:
    if source == "file":
        degrees = _pendulum()
        degrees[:, 2] *= 180 / np.pi
        source = _file(tmp_path, degrees)
    with pytest.raises(UsageError, match=r"obs\[\d\] is .* in step \d+, and its bounds are") as why:
        record(source, program)
    assert "already normalised" in why.value.hint and "observation=" in why.value.hint


def test_few_strays_are_told(program: Program, tmp_path: Path) -> None:
    rows = _pendulum()
    rows[7, 1] = 1.5
    found = _warnings(program, _file(tmp_path, rows))
    assert "1 of the recorded steps lie outside of the observation space: obs[1] is 1.5 in step 7" \
        in found


@pytest.mark.parametrize(("low", "high", "value", "beyond"), [
    (-1, 1, 1.019, False), (-1, 1, 1.021, True), (-1, 1, -1.021, True), (0, 255, 257.5, False),
    (0, 255, 257.6, True), (-np.inf, 4, 4.039, False), (-np.inf, 4, 4.041, True),
    (-0.5, np.inf, -0.509, False), (-0.5, np.inf, -0.511, True), (-np.inf, np.inf, 1e30, False)])
def test_a_hundredth_of_the_range_is_noise(low: float, high: float, value: float, beyond: bool
                                           ) -> None:
    """Of the range, or of the one bound; of 1 where that is smaller."""
    field = Field("obs", (2,)).bounded((low,) * 2, (high,) * 2)
    rows = np.zeros((300, 2), np.float32)
    rows[:, 0] = np.clip(0, low, high)
    rows[7, 1] = value
    contract = Contract((field,), Discrete((2,)))
    told = [doubt for doubt in doubts_of_bounds(contract, rows) if "lie outside" in doubt]
    assert bool(told) == beyond
    assert all(f"obs[1] is {value:.6g} in step 7" in doubt for doubt in told)
    refuse_outside(contract, rows)  # 1 of 300
    rows[7:10, 1] = value  # 3 of 300 are the most
    refuse_outside(contract, rows)
    rows[7:11, 1] = value
    if beyond:
        with pytest.raises(UsageError, match="1% of the recorded steps"):
            refuse_outside(contract, rows)


def test_a_small_part_of_the_space_is_told(program: Program, tmp_path: Path) -> None:
    found = _warnings(program, _file(tmp_path, _pendulum() * 0.04))
    assert "covers less than 10% of the observation space in 3 of the 3 elements of obs" in found


def test_raw_numbers_are_recorded_for_a_policy_that_normalises(saved: Path, tmp_path: Path
                                                               ) -> None:
    program = puffer_edge.load(saved / "normalised.zip",
                               vec_normalize=saved / "normalised.pkl")
    rows = _pendulum()
    assert record(_file(tmp_path, rows), program).observations.shape == rows.shape
    normaliser = program.contract.normaliser
    assert normaliser is not None
    with pytest.raises(UsageError, match="outside of the policy's observation space"):
        record(_file(tmp_path, (rows - np.array(normaliser.mean, np.float32))
                     / np.array(normaliser.deviation, np.float32)), program)


def test_a_caller_who_normalises_has_no_bounds(saved: Path) -> None:
    program = puffer_edge.load(saved / "normalised.zip", accept=("normaliser-missing",))
    assert program.contract.observation[0].low == ()


def test_spaces_give_their_bounds() -> None:
    from gymnasium import spaces

    space = spaces.Dict({
        "camera": spaces.Box(0, 255, (2, 2), np.uint8), "mode": spaces.Discrete(5, start=-2),
        "keys": spaces.MultiBinary(3), "speed": spaces.Box(-np.inf, np.inf, (2,)),
        "x": spaces.Box(np.array([-1, -np.inf], np.float32), np.array([2, 3], np.float32))})
    from puffer_edge.spaces import SpaceTree

    assert {field.name: (field.low, field.high) for field in SpaceTree(space).fields} == {
        "camera": ((0,), (255,)), "mode": ((-2,), (2,)), "keys": ((0,), (1,)), "speed": ((), ()),
        "x": ((-1, -LARGEST), (2, 3))}


def test_the_manifest_has_the_bounds(program: Program, tmp_path: Path) -> None:
    puffer_edge.export(program, tmp_path / "out")
    fields = json.loads((tmp_path / "out" / "policy.json").read_text())["observation"]["fields"]
    assert fields == [{"name": "obs", "shape": [3], "unit": "", "low": [-1, -1, -8],
                       "high": [1, 1, 8]}]


def test_bounds_that_do_not_fit_are_refused(program: Program) -> None:
    with pytest.raises(PufferEdgeError, match="bounds for the 3 elements"):
        type(program.contract.observation[0])("obs", (3,), low=(0, 0), high=(1, 1))
