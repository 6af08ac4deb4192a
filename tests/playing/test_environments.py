# SPDX-License-Identifier: MIT
"""Every space: what plays is what calibrates, and an environment's failure is one error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import puffer_edge
from puffer_edge.environments import Environment
from puffer_edge.errors import PufferEdgeError, UsageError
from puffer_edge.ir import Continuous, Contract, Discrete, Field, Program
from puffer_edge.ir.action_mask import ActionMask
from puffer_edge.ir.ops import Gemm
from puffer_edge.playing import play
from puffer_edge.quantization.recording import record
from tests import zoo


def linear(weight: np.ndarray, action: Discrete | Continuous) -> Program:
    """One matrix [outputs, observations]: a table, where observations are one-hot."""
    bench = zoo.Bench((1, weight.shape[1]))
    y = bench.op(Gemm, x=bench.x, weight=bench.builder.constant(weight.astype(np.float32)))
    return bench.program(y, action)


class Sampled(gymnasium.Env):  # type: ignore[misc]
    """Takes whatever is in its action space, and nothing else; observations are samples."""

    def __init__(self, observation: Any, action: Any, fault: str = "") -> None:
        self.observation_space, self.action_space, self.fault = observation, action, fault
        self.left = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.observation_space.seed(seed)
        self.left = 10
        if self.fault == "reset":
            raise RuntimeError("no reset")
        if self.fault == "nan":
            return np.full(self.observation_space.shape, np.nan, np.float32), {}
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        self.left -= 1
        if self.fault == "step" and self.left < 5:
            raise KeyError("lost")
        if self.fault == "old":
            return self.observation_space.sample(), 0.0, False, {}
        reward = np.nan if self.fault == "reward" else 1.0
        return self.observation_space.sample(), reward, self.left == 0, False, {}


def made(observation: Any, action: Any, fault: str = "") -> str:
    """The id of an environment of these spaces."""
    made.count = getattr(made, "count", 0) + 1  # type: ignore[attr-defined]
    identity = f"Sampled{made.count}-v0"  # type: ignore[attr-defined]
    gymnasium.register(identity, entry_point=lambda: Sampled(observation, action, fault),
                       disable_env_checker=True, order_enforce=False)
    return identity


TAXI = max(name for name in gymnasium.registry if name.startswith("Taxi-v"))
PAIR = spaces.Box(-1, 1, (2,))
OBSERVATIONS: list[tuple[Any, int]] = [
    (spaces.Dict(b=spaces.Box(-1, 1, (2, 2)), a=spaces.Discrete(3, start=5)), 5),
    (spaces.Dict(b=spaces.Box(-1, 1, (2, 2)), a=spaces.Discrete(3, start=5)), 7),
    (spaces.Tuple((PAIR, spaces.MultiBinary(3))), 5),
    (spaces.MultiDiscrete([3, 4]), 2), (spaces.MultiDiscrete([3, 4], start=[1, -1]), 7),
    (spaces.Discrete(4, start=2), 1), (spaces.Discrete(4, start=2), 4),
    (spaces.Box(0, 255, (2, 3), np.uint8), 6)]
ACTIONS: list[tuple[Any, Discrete | Continuous]] = [
    (spaces.Discrete(3, start=-1), Discrete((3,))),
    (spaces.MultiDiscrete([[2, 3], [4, 2]], start=[[0, 1], [5, 0]]), Discrete((2, 3, 4, 2))),
    (spaces.MultiBinary((2, 2)), Discrete((2, 2, 2, 2))),
    (spaces.Tuple((spaces.Discrete(2), spaces.MultiDiscrete([3, 2]))), Discrete((2, 3, 2))),
    (spaces.Dict(steer=spaces.Box(-1, 1, (2,)), gas=spaces.Box(0, 3, (1, 2))), Continuous(4))]


@pytest.mark.parametrize(("space", "size"), OBSERVATIONS, ids=str)
def test_every_observation_calibrates_and_plays(space: Any, size: int) -> None:
    """Against gymnasium's own flattening where it is one-hot."""
    identity = made(space, spaces.Discrete(2))
    program = linear(np.random.default_rng(0).standard_normal((2, size)), Discrete((2,)))
    recorded = record(f"env:{identity}", program, steps=40)
    assert recorded.observations.shape == (40, size) and recorded.reset.sum() == 4
    space.seed(0)
    sample = space.sample()
    if size == spaces.flatdim(space):
        assert np.array_equal(recorded.observations[0], spaces.flatten(space, sample))
    elif isinstance(space, spaces.Discrete):
        assert recorded.observations[0] == sample
    assert play(program, identity, episodes=2, processes=1, backend="numpy").ours.mean == 10


@pytest.mark.parametrize(("space", "action"), ACTIONS, ids=str)
def test_every_action_is_the_spaces_own(space: Any, action: Discrete | Continuous) -> None:
    """The environment asserts that it contains them; every choice is taken at some time."""
    identity = made(spaces.Box(-1, 1, (3,)), space)
    program = linear(9 * np.random.default_rng(0).standard_normal((action.width, 3)), action)
    recorded = record(f"env:{identity}", program, steps=40)
    assert len(recorded.observations) == 40
    assert play(program, identity, compare=program, episodes=2, processes=1,
                backend="numpy").ours.agreement == 1
    environment = Environment(identity)
    heads = action.sizes if isinstance(action, Discrete) else (2,) * action.size
    for choice in range(max(heads)):
        flat = np.minimum(choice, np.array(heads) - 1)
        found = environment.nested(flat.astype(
            np.int32 if isinstance(action, Discrete) else np.float32))
        assert space.contains(found)
    environment.close()


def solved(identity: str) -> np.ndarray:
    """Values of a table [actions, states], by value iteration over the environment's own model."""
    environment = gymnasium.make(identity)
    model = environment.unwrapped.P
    values = np.zeros((environment.action_space.n, environment.observation_space.n))
    for _ in range(200):
        best = values.max(0)
        values = np.array([[sum(p * (r + 0.99 * (0 if end else best[to]))
                                for p, to, r, end in model[state][action])
                            for state in range(values.shape[1])]
                           for action in range(values.shape[0])])
    environment.close()
    return values


@pytest.mark.parametrize(("identity", "least"), [("FrozenLake-v1", 0.6), (TAXI, 7.0)])
def test_tables_play_calibrate_and_export_one_hot(identity: str, least: float,
                                                  tmp_path: Path) -> None:
    program = linear(solved(identity), Discrete((6 if identity == TAXI else 4,)))
    assert play(program, identity, episodes=40, processes=1, backend="numpy").ours.mean > least
    if identity == TAXI:
        return  # 500 states are seen by a recording that takes long
    out = puffer_edge.export(program, tmp_path / "a", target="host", scheme="int16",
                             calibrate=f"env:{identity}", name="table")
    match = play(puffer_edge.runtimes.loading.read_program(out), identity, compare=program,
                 episodes=40, processes=1, backend="numpy")
    assert not match.failures


def test_a_mask_comes_from_the_info() -> None:
    """Taxi's, after a state that is one-hot."""
    contract = Contract((Field("state", (500,)), Field("mask", (6,))), Discrete((6,)),
                        mask=ActionMask(500, (6,)))
    environment = Environment(TAXI)
    environment.check(contract)
    flat = environment.flat(environment.reset(3), contract)
    other = gymnasium.make(TAXI)
    state, info = other.reset(seed=3)
    assert flat[:500].argmax() == state and flat[:500].sum() == 1
    assert np.array_equal(flat[500:], info["action_mask"])
    environment.close()
    other.close()


@pytest.mark.parametrize(("fault", "words"), [
    ("reset", "fails in reset: RuntimeError: no reset"), ("step", "fails in step: KeyError"),
    ("nan", "NaN"), ("reward", "reward is nan"), ("old", "gives 4 things")])
def test_a_failing_environment_is_one_error(fault: str, words: str) -> None:
    identity = made(spaces.Box(-1, 1, (3,)), spaces.Discrete(2), fault)
    program = linear(np.ones((2, 3)), Discrete((2,)))
    if fault != "reward":
        with pytest.raises(UsageError, match=words):
            record(f"env:{identity}", program, steps=40)
    with pytest.raises(UsageError, match=words):
        play(program, identity, episodes=2, processes=1, backend="numpy")


@pytest.mark.parametrize("wrong", [spaces.Text(3), spaces.Graph(PAIR, None),
                                   spaces.Sequence(PAIR)])
def test_spaces_without_a_flat_form_are_refused(wrong: Any) -> None:
    program = linear(np.ones((2, 3)), Discrete((2,)))
    for identity in (made(wrong, spaces.Discrete(2)), made(spaces.Box(-1, 1, (3,)), wrong)):
        with pytest.raises(PufferEdgeError):
            record(f"env:{identity}", program, steps=40)


def test_an_environment_that_cannot_be_made_is_one_error() -> None:
    def explode() -> Any:
        raise OSError("no display")

    gymnasium.register("Exploding-v0", entry_point=explode)
    for identity in ("Exploding-v0", "nowhere:Nothing-v0", "NoSuch-v0"):
        with pytest.raises(UsageError, match="cannot be made"):
            Environment(identity)


def test_several_episodes_with_seeds_of_their_own() -> None:
    program = linear(np.random.default_rng(0).standard_normal((2, 4)), Discrete((2,)))
    recorded = record("env:CartPole-v1", program, seed=7, steps=400)
    starts = recorded.observations[recorded.reset]
    environment = gymnasium.make("CartPole-v1")
    assert len(starts) >= 4
    for index, start in enumerate(starts):
        assert np.array_equal(environment.reset(seed=7 + index)[0], start)
    environment.close()
