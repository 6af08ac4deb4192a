# SPDX-License-Identifier: MIT
"""Environments that come many in one, against the same ones by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.fitting import Practice
from puffer_edge.fitting.disturbance import Disturbance
from puffer_edge.ir import Builder, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Gemm
from tests.fitting.toy import SIDES, Sides, register, sides

MODES = [mode.value for mode in AutoresetMode]
ODD = SIDES.replace("Sides", "Odd")


class Odd(Sides):
    """Episodes of other lengths, by their seeds."""

    def step(self, action: Any) -> Any:
        seen, reward, ended, truncated, info = super().step(action)
        return seen, reward, bool(ended or abs(seen[0]) > 1.5), truncated, info


class Native(gymnasium.vector.VectorEnv):  # type: ignore[misc, type-arg]
    """The same, by code of its own: all lanes draw from one generator."""

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(self, num_envs: int, **given: Any) -> None:
        self.num_envs, one = num_envs, Sides()
        self.single_observation_space = one.observation_space
        self.single_action_space = one.action_space
        self.observation_space = gymnasium.vector.utils.batch_space(
            one.observation_space, num_envs)
        self.action_space = gymnasium.vector.utils.batch_space(one.action_space, num_envs)
        self.resets: list[int] = []

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        assert isinstance(seed, int)
        self._random, self._steps = np.random.default_rng(seed), 0
        return self._next(), {}

    def step(self, actions: Any) -> Any:
        reward = (actions == (self._seen @ Sides.WEIGHTS > 0)).astype(np.float64)
        self._steps += 1
        no, ended = np.zeros(self.num_envs, bool), np.full(self.num_envs, self._steps % 5 == 0)
        return self._next(), reward, ended, no, {}

    def _next(self) -> Any:
        self._seen = self._random.normal(size=(self.num_envs, 3))
        return self._seen.astype(np.float32)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register()
    names = {SIDES.replace("Sides", "Native"): {"vector_entry_point": Native},
             ODD: {"entry_point": Odd},
             **{ODD.replace("Odd", mode): {"entry_point": Odd, "kwargs": {
                 "vector_kwargs": {"autoreset_mode": mode}}} for mode in MODES}}
    for name, given in names.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, **given)
    yield
    for name in names:
        gymnasium.registry.pop(name, None)


@pytest.mark.parametrize("mode", MODES)
def test_episodes_are_those_of_single_environments(mode: str) -> None:
    """However a vector begins anew: the same returns and observations from the same seeds."""
    policy, seeds = sides([1.0, -1.0, 0.2]), [*range(40, 75), 3, 1000]
    alone = Practice(ODD).play(policy, seeds, keep=True)
    vector = Practice(ODD.replace("Odd", mode), vector="sync").play(policy, seeds, keep=True)
    assert alone.returns.tolist() == vector.returns.tolist()
    assert len(set(alone.returns)) > 4
    assert alone.recording is not None and vector.recording is not None
    assert np.array_equal(alone.recording.observations, vector.recording.observations)
    assert np.array_equal(alone.recording.reset, vector.recording.reset)


def test_disturbances_and_the_end_are_alike() -> None:
    policy = sides()
    for disturbance in (Disturbance("noise", noise=0.5, deviation=np.ones(3)),
                        Disturbance("delay", delay=1), Disturbance("drops", dropped=0.3)):
        alone, vector = (env.play(policy, range(20), disturbance=disturbance).returns.tolist()
                         for env in (Practice(ODD), Practice(ODD, vector="gymnasium")))
        assert alone == vector
    short = Practice(ODD, vector="sync").play(policy, range(10_000), keep=True, steps=100)
    assert short.recording is not None and 100 <= len(short.recording.observations) < 132
    returns = Practice(ODD, vector="sync").random_returns(policy, range(20))
    assert len(returns) == 20 and returns.mean() < Practice(ODD).play(
        policy, range(20)).returns.mean()


def test_a_native_vector_is_paired_whatever_else_is_played() -> None:
    """All its lanes draw together: an episode begins alike in every list of seeds."""
    env = Practice(SIDES.replace("Sides", "Native"), vector="gymnasium")
    policy = sides([1.0, -1.0, 0.2])
    whole = env.play(policy, range(50)).returns
    assert env.play(policy, range(50)).returns.tolist() == whole.tolist()
    assert env.play(policy, range(7, 19)).returns.tolist() == whole[7:19].tolist()
    assert env.play(sides(), range(50)).returns.tolist() == [5.0] * 50
    assert whole.max() == 5 and whole.min() < 5


def test_what_cannot_be_is_one_error() -> None:
    for identity, vector, message in (
            (SIDES, "twisted", "there are no vectors"), ("Nothing-v0", "sync", "cannot be made"),
            (SIDES, "native", "cannot be made"), ("CartPole-v1", "sync", "environment gives 4"),
            (SIDES.replace("Sides", "Fails"), "sync", "the motor is on fire"),
            (SIDES.replace("Sides", "Native"), "", "cannot be made")):
        with pytest.raises(UsageError, match=message):
            Practice(identity, vector=vector).check(sides())
    with pytest.raises(UsageError, match="there are no vectors"):
        puffer_edge.fit(sides(), SIDES, vector="twisted")


def cart_pole() -> Program:
    """Balances for some steps: pushes the way the pole leans."""
    builder = Builder("a balancer")
    x = builder.input("observation", (1, 4))
    weight = builder.constant(np.array([[0, 0, 0, 0], [0, 0, 1, 0.0]], np.float32), "w")
    y = builder.add(Gemm, x=x, weight=weight, bias=builder.constant(
        np.zeros(2, np.float32), "b"), layer="output")
    return builder.build({"logits": y}, Contract((Field("observation", (4,)),), Discrete((2,))))


@pytest.mark.exhaustive
@pytest.mark.parametrize("vector", ["async", "pufferlib", "native"])
def test_other_vectors_of_cartpole(vector: str) -> None:
    """In processes and in PufferLib, the very episodes; in its own code, others of the kind."""
    if vector == "pufferlib":
        pytest.importorskip("pufferlib")
    policy = cart_pole()
    alone = Practice("CartPole-v1").play(policy, range(20, 100)).returns
    found = Practice("CartPole-v1", vector=vector).play(policy, range(20, 100)).returns
    print(f"\n{vector}: {found.mean():.6g}, alone {alone.mean():.6g}")
    if vector == "native":
        assert abs(found.mean() - alone.mean()) < 4 * alone.std() * (2 / len(alone)) ** 0.5
    else:
        assert found.tolist() == alone.tolist()
