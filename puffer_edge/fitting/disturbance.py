# SPDX-License-Identifier: MIT
"""What goes wrong on the way between a policy and its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from puffer_edge.arrays import Array


@dataclass(frozen=True)
class Disturbance:
    """What goes wrong.

    Attributes:
        name: of its column.
        noise: standard deviation of what is added to the observation, relative to that of each
            feature as recorded.
        delay: steps that an action comes late.
        dropped: share of the steps in which the last action is held.
        deviation: [n], of the features.
    """

    name: str = ""
    noise: float = 0.0
    delay: int = 0
    dropped: float = 0.0
    deviation: Array = field(default_factory=lambda: np.zeros(1))


NONE = Disturbance()


class Way:
    """The way there and back in one episode.

    Args:
        disturbance: of it.
        seed: of the episode.
    """

    def __init__(self, disturbance: Disturbance, seed: int) -> None:
        self._disturbance, self._random = disturbance, np.random.default_rng(seed)
        self._late: list[Any] = []
        self._held: Any = None

    def taken(self, action: Any) -> Any:
        """The action that the environment gets when the policy gives this one."""
        self._late.append(action)
        if len(self._late) > self._disturbance.delay + 1:
            self._late.pop(0)
        chosen = self._late[0]  # until the first late one comes, it is the first of all
        if self._held is not None and self._random.random() < self._disturbance.dropped:
            chosen = self._held
        self._held = chosen
        return chosen

    def seen(self, observation: Array) -> Array:
        """The observation that the policy gets when the environment gives this one, [n]."""
        if not self._disturbance.noise:
            return observation
        noise = self._random.standard_normal(observation.size)
        return np.asarray(observation + self._disturbance.noise * self._disturbance.deviation
                          * noise, np.float32)
