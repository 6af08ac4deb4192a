# SPDX-License-Identifier: MIT
"""Several environments beside each other: each lane has its own, and begins whenever it is idle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from puffer_edge.arrays import Array
from puffer_edge.environments import Environment, Spaces
from puffer_edge.ir import Contract

Waiting = list[tuple[int, int]]
"""Episodes that have not begun, by number and seed, the next one last."""


class Crowd(Protocol):
    """Environments in lanes, one episode at a time in each.

    Attributes:
        spaces: of one environment.
        count: lanes.
    """

    spaces: Spaces
    count: int

    def begin(self, waiting: Waiting, idle: Sequence[bool]) -> dict[int, tuple[int, int, Array]]:
        """Takes from what waits and begins with it in idle lanes; nothing where it has to wait.

        Returns:
            By lane, number and seed of the episode and what is seen first, [n].
        """

    def step(self, actions: Mapping[int, Any]) -> dict[int, tuple[Array, float, bool]]:
        """What is seen after a step, the reward, and whether the episode has ended, by lane.

        Args:
            actions: of the lanes that play, in their space's form.
        """

    def close(self) -> None:
        """Closes the environments."""


class Beside:
    """A crowd of single environments.

    Args:
        identity: an id that ``gymnasium.make`` knows.
        observe: elements of the flattened observation that the policy sees; all by default.
        contract: of the policy.
        count: lanes.

    Raises:
        UsageError: it cannot be made, or the policy's observation or action is another.
    """

    def __init__(self, identity: str, observe: tuple[int, ...], contract: Contract, count: int
                 ) -> None:
        self._contract, self.count = contract, count
        self._lanes: list[Environment] = []
        try:
            for _ in range(count):
                self._lanes.append(Environment(identity, observe))
            self._lanes[0].check(contract)
        except BaseException:
            self.close()
            raise
        self.spaces: Spaces = self._lanes[0]

    def begin(self, waiting: Waiting, idle: Sequence[bool]) -> dict[int, tuple[int, int, Array]]:
        """See :meth:`Crowd.begin`: no lane has to wait."""
        found = {}
        for lane, environment in enumerate(self._lanes):
            if idle[lane] and waiting:
                number, seed = waiting.pop()
                found[lane] = number, seed, environment.flat(
                    environment.reset(seed), self._contract)
        return found

    def step(self, actions: Mapping[int, Any]) -> dict[int, tuple[Array, float, bool]]:
        """See :meth:`Crowd.step`."""
        found = {}
        for lane, action in actions.items():
            observation, reward, ended = self._lanes[lane].step(action)
            found[lane] = self._lanes[lane].flat(observation, self._contract), reward, ended
        return found

    def close(self) -> None:
        """Closes the environments."""
        for environment in self._lanes:
            environment.close()
