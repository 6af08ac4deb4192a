# SPDX-License-Identifier: MIT
"""Episodes in an environment, many at a time, and what a policy would have done in them.

Every episode has a seed of its own, and comes out the same whatever plays beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.environments import Spaces
from puffer_edge.fitting.beside import Beside, Crowd
from puffer_edge.fitting.disturbance import NONE, Disturbance, Way
from puffer_edge.fitting.lanes import Lanes
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording

LANES = 32


@dataclass(frozen=True)
class Played:
    """Episodes.

    Attributes:
        returns: [episodes] float64, in the order of their seeds.
        recording: their observations, one episode after another; empty where none were kept.
    """

    returns: Array
    recording: Recording | None = None


Act = Callable[[Array, Array], list[Any]]
"""Gives each lane an action in its space's form, by what they see, [lanes, n], and which of them
begin an episode, [lanes] bool."""


@dataclass(frozen=True)
class Practice:
    """An environment that policies practise and play in.

    Attributes:
        identity: an id that gymnasium knows.
        observe: elements of its flat observation that the policy sees; all by default.
        vector: many of it in one, a key of ``vectors.KINDS``; several beside each other by default.
    """

    identity: str
    observe: tuple[int, ...] = ()
    vector: str = ""

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
        def acting(spaces: Spaces, count: int) -> Act:
            lanes = Lanes(program, count)

            def act(observations: Array, fresh: Array) -> list[Any]:
                lanes.reset(fresh)
                return [spaces.nested(action) for action in lanes.act(lanes.step(observations))]
            return act
        return self._play(program, seeds, acting, disturbance, keep, steps)

    def random_returns(self, program: Program, seeds: Sequence[int]) -> Array:
        """Returns of actions drawn from the space, [seeds]."""
        def acting(spaces: Spaces, count: int) -> Act:
            spaces.action_space.seed(int(seeds[0]))
            return lambda observations, fresh: [spaces.action_space.sample() for _ in fresh]
        return self._play(program, seeds, acting).returns

    def _play(self, program: Program, seeds: Sequence[int],
              acting: Callable[[Spaces, int], Act], disturbance: Disturbance = NONE,
              keep: bool = False, steps: int = 0) -> Played:
        crowd = self._crowd(program, len(seeds))
        playing: list[_Episode | None] = [None] * crowd.count
        observations = np.zeros((crowd.count, program.contract.observation_size), np.float32)
        waiting = list(enumerate(seeds))[::-1]
        returns: dict[int, float] = {}
        kept: dict[int, list[Array]] = {}
        taken = 0
        try:
            act = acting(crowd.spaces, crowd.count)
            while not 0 < steps <= taken:
                begun = crowd.begin(waiting, [each is None for each in playing])
                for lane, (number, seed, seen) in begun.items():
                    playing[lane] = episode = _Episode(number, Way(disturbance, seed))
                    observations[lane] = episode.way.seen(seen)
                running = {lane: each for lane, each in enumerate(playing) if each is not None}
                if not running:
                    break
                actions = act(observations, np.isin(np.arange(crowd.count), [*begun]))
                for lane, episode in running.items() if keep else ():
                    kept.setdefault(episode.number, []).append(observations[lane].copy())
                stepped = crowd.step({lane: episode.way.taken(actions[lane])
                                      for lane, episode in running.items()})
                for lane, (seen, reward, ended) in stepped.items():
                    episode = running[lane]
                    episode.total += reward
                    observations[lane] = episode.way.seen(seen)
                    if ended:
                        returns[episode.number] = episode.total
                        playing[lane] = None
                taken += len(running)
        finally:
            crowd.close()
        recording = _joined([kept[number] for number in sorted(kept)]) if keep else None
        return Played(np.array([returns[number] for number in sorted(returns)]), recording)

    def _crowd(self, program: Program, episodes: int) -> Crowd:
        if self.vector:
            from puffer_edge.fitting.vectors import Vector

            return Vector(self.vector, self.identity, self.observe, program.contract, LANES)
        return Beside(self.identity, self.observe, program.contract, min(LANES, episodes))


@dataclass
class _Episode:
    """One that is being played: its place among the seeds, and its return up to now."""

    number: int
    way: Way
    total: float = 0.0


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
