# SPDX-License-Identifier: MIT
"""A cart-pole whose speeds nobody measures: positions now and a step before, at a fast rate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv

from puffer_edge.arrays import Array
from puffer_edge.ir import Program

ENCODERS = "puffer-edge-tests/Encoders-v0"
RATE = 500
"""Steps per second; CartPole-v1 has 50."""
SECONDS = 4


class Encoders(CartPoleEnv):  # type: ignore[misc]
    """The physics of CartPole-v1, with a tenth of its step.

    Observed are x now and a step before, theta now and a step before, as from two encoders. The
    cart begins anywhere within 1 m of the middle. The return is steps without a fall, 2000 at most.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tau = 1 / RATE
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float32)
        self.state: Any = None
        self._before = np.zeros(2, np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.state = np.asarray(self.state) + np.array([self.np_random.uniform(-1, 1), 0, 0, 0])
        self._before = self._positions()
        return self._observed(self._before), {}

    def step(self, action: Any) -> Any:
        _, reward, fell, _, info = super().step(action)
        before, self._before = self._before, self._positions()
        return self._observed(before), reward, fell, False, info

    def _positions(self) -> Array:
        return np.asarray(self.state, np.float32)[[0, 2]]

    def _observed(self, before: Array) -> Array:
        return np.stack([self._before, before], 1).reshape(-1)


def register() -> None:
    if ENCODERS not in gymnasium.registry:
        gymnasium.register(ENCODERS, entry_point=Encoders, max_episode_steps=RATE * SECONDS)


def by_differences(policy: Program) -> Program:
    """A policy of [x, speed, theta, angular speed] that takes both speeds as differences.

    With speed = (now - before) * rate, the columns of its first matrix become those of the four
    positions: large numbers that nearly cancel.
    """
    (first,) = (op for op in policy.ops if policy.input in op.inputs)
    weight = first.weight  # type: ignore[attr-defined]
    columns = policy.constants[weight].astype(np.float64)
    speeds = columns[:, [1, 3]] * RATE
    stacked = np.stack([columns[:, [0, 2]] + speeds, -speeds], 2).reshape(len(columns), 4)
    return replace(policy, constants={**policy.constants, weight: stacked.astype(np.float32)})
