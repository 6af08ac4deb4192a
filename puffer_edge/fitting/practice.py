# SPDX-License-Identifier: MIT
"""Episodes in an environment, many at a time, and what a policy would have done in them.

Every episode has a seed of its own, and comes out the same whatever plays beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.environments import Environment
from puffer_edge.fitting.lanes import Lanes
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording

LANES = 32


@dataclass(frozen=True)
class Disturbance:
    """What goes wrong on the way between a policy and its environment.

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


@dataclass(frozen=True)
class Played:
    """Episodes.

    Attributes:
        returns: [episodes] float64, in the order of their seeds.
        recording: their observations, one episode after another; empty where none were kept.
    """

    returns: Array
    recording: Recording | None = None


@dataclass(frozen=True)
class Practice:
    """An environment that policies practise and play in.

    Attributes:
        identity: an id that ``gymnasium.make`` knows.
        observe: elements of its flat observation that the policy sees; all by default.
    """

    identity: str
    observe: tuple[int, ...] = ()

    def check(self, program: Program) -> None:
        """Refuses a policy that does not fit, or an environment that fails at once.

        Raises:
            UsageError: it cannot be made, fails, or has other observations or actions.
        """
        self.random_returns(program, [0])

    def play(self, program: Program, seeds: Sequence[int], *, disturbance: Disturbance = NONE,
             keep: bool = False, steps: int = 0) -> Played:
        """Plays an episode from each seed.

        Args:
            program: what acts.
            seeds: of the episodes.
            disturbance: what goes wrong on the way.
            keep: the observations.
            steps: after so many in all, no further episode begins, and those that run are cut off;
                0 for no end.
        """
        lanes = Lanes(program, min(LANES, len(seeds)))

        def act(observations: Array, fresh: Array) -> list[Array]:
            lanes.reset(fresh)
            return lanes.act(lanes.step(observations))
        return self._play(program, seeds, lanes.count, act, disturbance, keep, steps)

    def random_returns(self, program: Program, seeds: Sequence[int]) -> Array:
        """Returns of actions drawn from the space, [seeds]."""
        environment = Environment(self.identity, self.observe)
        found = []
        try:
            environment.check(program.contract)
            for seed in seeds:
                environment.action_space.seed(seed)
                observation, total, ended = environment.reset(seed), 0.0, False
                while not ended:
                    environment.flat(observation, program.contract)
                    observation, reward, ended = environment.step(
                        environment.action_space.sample())
                    total += reward
                found.append(total)
        finally:
            environment.close()
        return np.array(found)

    def _play(self, program: Program, seeds: Sequence[int], count: int,
              act: Callable[[Array, Array], list[Array]], disturbance: Disturbance, keep: bool,
              steps: int) -> Played:
        lanes = [_Lane(self, program, disturbance) for _ in range(count)]
        waiting = list(enumerate(seeds))[::-1]
        returns: dict[int, float] = {}
        kept: dict[int, list[Array]] = {}
        taken = 0
        observations = np.zeros((count, program.contract.observation_size), np.float32)
        try:
            while True:
                fresh = np.zeros(count, bool)
                for index, lane in enumerate(lanes):
                    if lane.ended and lane.episode >= 0:
                        returns[lane.episode] = lane.total
                        lane.episode = -1
                    if lane.ended and waiting and not 0 < steps <= taken:
                        lane.begin(*waiting.pop())
                        fresh[index] = True
                    observations[index] = lane.seen
                running = [index for index, lane in enumerate(lanes) if not lane.ended]
                if not running or 0 < steps <= taken:
                    break
                actions = act(observations, fresh)
                for index in running:
                    if keep:
                        kept.setdefault(lanes[index].episode, []).append(
                            observations[index].copy())
                    lanes[index].step(actions[index])
                taken += len(running)
        finally:
            for lane in lanes:
                lane.environment.close()
        recording = _joined([kept[number] for number in sorted(kept)]) if keep else None
        return Played(np.array([returns[number] for number in sorted(returns)]), recording)


class _Lane:
    """One environment with the episode that is played in it."""

    def __init__(self, practice: Practice, program: Program, disturbance: Disturbance) -> None:
        self.environment = Environment(practice.identity, practice.observe)
        self.environment.check(program.contract)
        self._contract, self._disturbance = program.contract, disturbance
        self.seen = np.zeros(program.contract.observation_size, np.float32)
        self.ended, self.episode, self.total = True, -1, 0.0

    def begin(self, episode: int, seed: int) -> None:
        self.ended, self.episode, self.total = False, episode, 0.0
        self._random = np.random.default_rng(seed)
        self._late: list[Array] = []
        self._held: Array | None = None
        self._see(self.environment.reset(seed))

    def step(self, action: Array) -> None:
        disturbance = self._disturbance
        self._late.append(action)
        if len(self._late) > disturbance.delay + 1:
            self._late.pop(0)
        chosen = self._late[0]  # until the first late one comes, it is the first of all
        if self._held is not None and self._random.random() < disturbance.dropped:
            chosen = self._held
        self._held = chosen
        observation, reward, self.ended = self.environment.step(self.environment.nested(chosen))
        self.total += reward
        self._see(observation)

    def _see(self, observation: object) -> None:
        self.seen = self.environment.flat(observation, self._contract)
        if self._disturbance.noise:
            self.seen = (self.seen + self._disturbance.noise * self._disturbance.deviation
                         * self._random.standard_normal(self.seen.size)).astype(np.float32)


def _joined(episodes: Sequence[Sequence[Array]]) -> Recording:
    return Recording(np.concatenate([np.stack(each) for each in episodes]),
                     np.concatenate([np.arange(len(each)) == 0 for each in episodes]))


def label(teacher: Program, recording: Recording) -> Array:
    """What the teacher's raw outputs are over a recording, [T, width] float64, heads joined."""
    names = teacher.output_names[: len(teacher.contract.heads)]
    starts = np.flatnonzero(recording.reset)
    if not len(starts) or starts[0]:
        starts = np.concatenate([[0], starts])
    if not teacher.states:  # every step stands for itself
        starts = np.arange(len(recording.observations))
    ends = np.append(starts[1:], len(recording.observations))
    found: Array | None = None
    for first in range(0, len(starts), 1024):
        part = slice(first, first + 1024)
        lengths = ends[part] - starts[part]
        lanes = Lanes(teacher, len(lengths))
        for step in range(int(lengths.max())):
            places = np.minimum(starts[part] + step, ends[part] - 1)
            made = lanes.step(recording.observations[places])
            rows = np.concatenate([made[name] for name in names], 1).astype(np.float64)
            if found is None:
                found = np.zeros((len(recording.observations), rows.shape[1]))
            live = step < lengths
            found[places[live]] = rows[live]
    assert found is not None
    return found
