# SPDX-License-Identifier: MIT
"""Plays policies in gymnasium environments and judges by return: what an export is for.

Episodes are paired: both policies start from the same seeds, so that what differs is the policy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.environments import Environment
from puffer_edge.errors import PufferEdgeError, UsageError
from puffer_edge.ir import Program
from puffer_edge.progress import Tell, nobody, through
from puffer_edge.runtimes import load
from puffer_edge.runtimes.policy import Policy

SEED = 100_000
"""First seed: far from those that calibrate."""
DRAWS = 10_000
CLOSE = 0.05
"""How far two continuous actions may be apart, relative to their range, and be called equal."""

LEAST = 2
"""Episodes below which there is no interval."""


@dataclass(frozen=True)
class Episodes:
    """What one policy reached.

    Attributes:
        returns: [episodes] float64, by seed.
        steps: [episodes] int64.
        agreement: share of the steps at which the other policy, having seen the same observations,
            chose the same action (continuous: within :data:`CLOSE`); None without another.
    """

    returns: Array
    steps: Array
    agreement: float | None = None

    @property
    def mean(self) -> float:
        """Mean return."""
        return float(self.returns.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean."""
        return confidence_interval(self.returns)


@dataclass(frozen=True)
class Match:
    """A policy and, where there is one, the policy that it is compared with.

    Attributes:
        ours: what was asked for.
        theirs: the float policy over the same seeds; None without ``--compare``.
        least: smallest agreement that passes.
        backends: what ran each of them.
        shared: what was assumed of both alike, so that a match says nothing about it.
    """

    ours: Episodes
    theirs: Episodes | None
    least: float
    backends: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def difference(self) -> tuple[float, float]:
        """95 % interval of the mean paired difference, ours - theirs."""
        assert self.theirs is not None
        return confidence_interval(self.ours.returns - self.theirs.returns)

    @property
    def failures(self) -> list[str]:
        """Why ours does not play like theirs; empty when it does."""
        if self.theirs is None:
            return []
        found, low = [], self.theirs.interval[0]
        if self.ours.mean < low and self.difference[1] < 0:
            found.append(f"the mean return {self.ours.mean:.6g} lies below the float policy's "
                         f"interval, which begins at {low:.6g}")
        if self.ours.agreement is not None and self.ours.agreement < self.least:
            found.append(f"{self.ours.agreement:.2%} of the actions are the float policy's, "
                         f"{self.least:.2%} are wanted")
        return found

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        def plain(episodes: Episodes) -> dict[str, Any]:
            return {"episodes": len(episodes.returns), "mean": episodes.mean,
                    "interval": list(episodes.interval), "returns": episodes.returns.tolist(),
                    "agreement": episodes.agreement}

        return {"policy": plain(self.ours),
                "compared": None if self.theirs is None else plain(self.theirs),
                "difference": None if self.theirs is None else list(self.difference),
                "backends": list(self.backends), "shared_assumptions": list(self.shared),
                "failures": self.failures, "passed": not self.failures}


def play(policy: Program, identity: str, *, compare: Program | None = None,
         backend: str | None = None, episodes: int = 100, seed: int = SEED,
         observe: tuple[int, ...] = (), processes: int = 0, least: float = 0.95,
         progress: Callable[[str], None] = lambda text: None) -> Match:
    """Plays episodes in an environment, spread over processes.

    Args:
        policy: what plays.
        identity: an id that ``gymnasium.make`` knows.
        compare: the float policy, which then plays the same seeds.
        backend: of ``policy``.
        episodes: how many.
        seed: of the first; the others follow.
        observe: elements of the flattened observation that the policy sees; all by default.
        processes: how many; 0 for one per processor.
        least: share of the actions that must be those of ``compare``.
        progress: is told what is being done.

    Raises:
        UsageError: the environment is unknown or does not fit the policy.
        MissingDependencyError: gymnasium or the back end is not installed.
    """
    if episodes < LEAST:
        raise UsageError(f"{episodes} episodes give no interval", hint=f"play at least {LEAST}")
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative")
    seeds = list(range(seed, seed + episodes))
    player = Player(policy, compare, identity, backend, observe)  # errors come from here, once
    player.close()
    backends = tuple(found.backend for found in player.policies)
    shared = () if compare is None else tuple(
        note.text for note in compare.notes if note.kind == "assumed"
        and any((ours.kind, ours.code, ours.text) == (note.kind, note.code, note.text)
                for ours in policy.notes))
    count = max(1, min(processes or os.cpu_count() or 1, episodes // 8))
    progress(f"{episodes} episodes in {count} processes")
    arguments = (policy, compare, identity, backend, observe)
    if count == 1:
        return replace(_match([_play(*arguments, seeds, progress)], least), backends=backends,
                       shared=shared)
    try:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            shares = min(4 * count, episodes)  # so that there is something to tell
            tasks = [pool.submit(_play, *arguments, seeds[first::shares])
                     for first in range(shares)]
            parts = []
            for task in through([*tasks], "playing", progress):
                parts.append(task.result())
    except BrokenProcessPool as error:
        raise PufferEdgeError("a process that played has died",
                              hint="play with --processes 1 to see more") from error
    return replace(_match(parts, least), backends=backends, shared=shared)


def confidence_interval(returns: Array) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean (Efron 1979): returns are capped, so not normal."""
    index = np.random.default_rng(0).integers(len(returns), size=(DRAWS, len(returns)))
    low, high = np.quantile(returns[index].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


class Player:
    """One environment with the policies that play in it."""

    def __init__(self, policy: Program, compare: Program | None, identity: str,
                 backend: str | None, observe: tuple[int, ...]) -> None:
        self.environment = Environment(identity, observe)
        self.policies = [load(policy, backend)]
        if compare is not None:
            self.policies.append(load(compare))
        for found in self.policies:
            self.environment.check(found.contract)

    def act(self, policy: Policy, observation: Any) -> Array:
        """The policy's flat action, inside of the environment's bounds."""
        flat = self.environment.flat(observation, policy.contract)
        return self.environment.clipped(policy.step(flat))

    def episode(self, seed: int, first: int) -> tuple[float, int, int]:
        """Return, steps and equal actions of one episode that policy ``first`` plays."""
        for policy in self.policies:
            policy.reset()
        observation = self.environment.reset(seed)
        total, steps, equal, ended = 0.0, 0, 0, False
        while not ended:
            actions = [self.act(policy, observation) for policy in (
                self.policies if first == 0 else self.policies[first:])]
            equal += self.alike(actions[0], actions[-1])
            observation, reward, ended = self.environment.step(
                self.environment.nested(actions[0]))
            total, steps = total + reward, steps + 1
        return total, steps, equal

    def alike(self, ours: Array, theirs: Array) -> bool:
        """Whether two actions are one: equal choices, or numbers 5 % of their range apart."""
        low, high = self.environment.bounds
        if low is None or high is None:
            return bool(np.array_equal(ours, theirs))
        with np.errstate(invalid="ignore"):
            span = np.where(np.isfinite(high - low), high - low, 1)
        return bool((np.abs(ours - theirs) <= CLOSE * span).all())

    def close(self) -> None:
        """Closes the environment and the policies."""
        self.environment.close()
        for policy in self.policies:
            policy.close()


def _play(policy: Program, compare: Program | None, identity: str, backend: str | None,
          observe: tuple[int, ...], seeds: list[int], progress: Tell = nobody
          ) -> dict[int, list[tuple[float, int, int]]]:
    """Episodes of each policy by seed; runs in a process of its own."""
    player = Player(policy, compare, identity, backend, observe)
    try:
        return {seed: [player.episode(seed, first) for first in range(len(player.policies))]
                for seed in through(seeds, "playing", progress)}
    finally:
        player.close()


def _match(parts: list[dict[int, list[tuple[float, int, int]]]], least: float) -> Match:
    by_seed = {seed: found for part in parts for seed, found in part.items()}
    table = np.array([by_seed[seed] for seed in sorted(by_seed)])  # [episodes, policies, 3]
    steps = table[:, :, 1].astype(np.int64)
    if table.shape[1] == 1:
        return Match(Episodes(table[:, 0, 0], steps[:, 0]), None, least)
    agreement = float(table[:, 0, 2].sum() / steps[:, 0].sum())
    return Match(Episodes(table[:, 0, 0], steps[:, 0], agreement),
                 Episodes(table[:, 1, 0], steps[:, 1]), least)
