# SPDX-License-Identifier: MIT
"""A policy with both kinds of action plays in an environment whose action is nested."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from puffer_edge.errors import UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Contract, Discrete, Field, Hybrid, Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.playing import play
from tests import zoo


class Ship(gymnasium.Env):
    """Ends after 5 steps; keeps what it was told."""

    seen: ClassVar[list[Any]] = []
    observation_space = spaces.Box(-1, 1, (4,))
    action_space = spaces.Dict({
        "fire": spaces.Discrete(3, start=10), "thrust": spaces.Box(-0.5, 0.5, (2,)),
        "weapon": spaces.MultiDiscrete([2, 2])})

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict]:
        super().reset(seed=seed)
        self.steps = 0
        return self.next(), {}

    def next(self) -> np.ndarray:
        self.observation = self.np_random.uniform(-1, 1, 4).astype(np.float32)
        return self.observation

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        assert self.action_space.contains(action)
        self.seen.append((self.observation, action))
        self.steps += 1
        return self.next(), 1.0, self.steps == 5, False, {}


gymnasium.register("Ship-v0", entry_point=Ship)


def ship(sizes: tuple[int, ...] = (3, 2, 2)) -> Program:
    bench = zoo.Bench((1, 4))
    outputs = {name: bench.op(Gemm, x=bench.x, weight=bench.weight(size, 4, scale=1.0),
                              bias=bench.weight(size))
               for name, size in (("mean", 2), ("logits", sum(sizes)))}
    return bench.builder.build(outputs, Contract(
        (Field("obs", (4,)),), Hybrid(Continuous(2), Discrete(sizes))))


def test_parts_go_where_the_space_has_them() -> None:
    Ship.seen.clear()
    found = play(ship(), "Ship-v0", episodes=2, processes=1, compare=ship())
    assert found.ours.returns.tolist() == [5.0, 5.0] and found.ours.agreement == 1
    oracle = Interpreter(ship())
    for observation, action in Ship.seen[:5]:
        wanted = oracle.act(observation)
        assert action["fire"] == wanted["discrete"][0] + 10
        assert action["weapon"].tolist() == wanted["discrete"][1:].tolist()
        assert np.allclose(action["thrust"], np.clip(wanted["continuous"], -0.5, 0.5))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="does not fit"):
        play(ship((3, 4)), "Ship-v0", episodes=2, processes=1)
