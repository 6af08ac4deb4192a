# SPDX-License-Identifier: MIT
"""The oracle of a shield in numpy: what generated code has to equal bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array, Array32
from puffer_edge.shield.novelty import advance, step_scores
from puffer_edge.shield.shield import (
    EARLY,
    FAULTS,
    LATCHED,
    LATE,
    MOST,
    NOT_FINITE,
    OF_OBSERVATION,
    OLD,
    POLICY,
    RANGE,
    STUCK,
    UNLIKELY,
    Reaction,
    Shield,
)

Act = Callable[[Array32], "tuple[Array, Array | None] | None"]
"""The policy: an observation to its action, flat, and its novelty, if it has one; or None where it
refuses."""


class Shielded:
    """A policy behind a shield.

    Args:
        shield: a checked one.
        act: the policy.
        choices: the number of choices of each element of the action; 0 where it is continuous.
        fallback: what gives an action instead, where the shield asks for one.

    Attributes:
        action: [a] float64, the last action that was given; float32 and integers are exact in it.
        wanted: [a], what the policy gave in the last step in which it was asked.
        counts: steps with each kind of fault, in the order of ``FAULTS``.
        faults: bits of the last step.
        last_faults, last_fault_step: of the last step that had any.
        shortest_us, longest_us: between two steps.
        novelty: the sum that the likelihood's threshold is for.
    """

    def __init__(self, shield: Shield, act: Act, choices: Sequence[int],
                 fallback: Callable[[Array32], Array] | None = None) -> None:
        self.shield, self.act, self.fallback = shield, act, fallback
        self.choices = np.array(choices)
        self.reset()

    def reset(self) -> None:
        """As before the first step; the policy is reset apart."""
        guard, limits = self.shield.guard, self.shield.limits
        self.action: Array = np.array(limits.safe, np.float64)
        self.wanted: Array = np.zeros_like(self.action)
        self._started = False
        self._last = np.zeros(len(guard.watched), np.uint32)
        self._equal = np.zeros(len(guard.watched), np.int64)
        self.counts = np.zeros(len(FAULTS), np.int64)
        self.steps = self.faults = self.last_faults = self.last_fault_step = 0
        self._bad = self._good = self._reacted = self._now = self.novelty = 0
        self.latched = self._passed = False
        self.shortest_us, self.longest_us = 0xFFFFFFFF, 0

    def step(self, observation: npt.ArrayLike, now_us: int, seen_us: int) -> int:
        """One step; its action is in ``action``.

        Args:
            observation: [n] float32.
            now_us: when the step begins, of a clock of 32 bits that wraps.
            seen_us: when the observation was measured, by the same clock.

        Returns:
            Bits of the faults that were reacted to, ``LATCHED`` among them.
        """
        seen = np.asarray(observation, np.float32)
        faults = self._guard(seen) | self._clock(now_us, seen_us)
        reacting = self.shield.reacting
        if not faults & OF_OBSERVATION & ~reacting.counted:
            found = self.act(seen)
            if found is None:
                faults |= POLICY
            else:
                self.wanted = np.array(found[0], np.float64)
                faults |= self._likelihood(found[1])
        self._count(faults)
        acting = faults & ~reacting.counted
        self._latch(acting != 0)
        if acting or self.latched:
            self._reacted = min(self._reacted + 1, MOST)
            spent = reacting.hold_steps and self._reacted > reacting.hold_steps
            self.action = self._limited(
                self._instead(reacting.then if spent else reacting.first, seen), False)
        else:
            self._reacted = 0
            self.action = self._limited(self.wanted, True)
        self._passed = not (acting or self.latched)
        return acting | (LATCHED if self.latched else 0)

    def token(self, now_us: int) -> bool:
        """Whether the watchdog may be fed: once per step, if all passed, and in time."""
        deadline = self.shield.timing.deadline_us
        given = self._passed and (not deadline or (now_us - self._now) % 2**32 <= deadline)
        self._passed = False
        return given

    def _guard(self, seen: Array32) -> int:
        guard, faults = self.shield.guard, 0
        low, high = np.array(guard.low, np.float32), np.array(guard.high, np.float32)
        if not np.isfinite(seen).all():
            faults |= NOT_FINITE
        if not ((seen >= low) & (seen <= high)).all():
            faults |= RANGE
        watched = list(guard.watched)
        bits = seen.view(np.uint32)[watched]
        steps = np.array(guard.varies, np.int64)[watched] if watched else np.zeros(0, np.int64)
        same = (bits == self._last) & self._started
        self._equal = np.where(same, np.minimum(self._equal + 1, steps), 0)
        self._started = True
        self._last = bits
        return faults | (STUCK if (self._equal >= steps)[steps > 0].any() else 0)

    def _clock(self, now: int, seen: int) -> int:
        timing, faults = self.shield.timing, 0
        if self.steps:
            interval = (now - self._now) % 2**32
            self.shortest_us = min(self.shortest_us, interval)
            self.longest_us = max(self.longest_us, interval)
            faults |= LATE if timing.late_us and interval > timing.late_us else 0
            faults |= EARLY if interval < timing.early_us else 0
        self._now = now
        age = self.shield.guard.max_age_us
        return faults | (OLD if age and (now - seen) % 2**32 > age else 0)

    def _likelihood(self, novelty: Array | None) -> int:
        line = self.shield.likelihood
        if line is None or novelty is None:
            return 0
        self.novelty = advance(self.novelty, int(step_scores(novelty)), line.allowance,
                               line.threshold)
        return UNLIKELY if self.novelty > line.threshold else 0

    def _count(self, faults: int) -> None:
        for i in range(len(FAULTS)):
            if faults >> i & 1:
                self.counts[i] = min(self.counts[i] + 1, MOST)
        self.steps = (self.steps + 1) % 2**32
        self.faults = faults
        if faults:
            self.last_faults, self.last_fault_step = faults, self.steps

    def _latch(self, bad: bool) -> None:
        reacting = self.shield.reacting
        if bad:
            self._bad, self._good = min(self._bad + 1, MOST), 0
        else:
            self._good = min(self._good + 1, MOST)
            if reacting.release_after and self._good >= reacting.release_after:
                self._bad, self.latched = 0, False
        if reacting.latch_after and self._bad >= reacting.latch_after:
            self.latched = True

    def _instead(self, how: Reaction, seen: Array32) -> Array:
        if how == "safe":
            return np.array(self.shield.limits.safe, np.float64)
        if how == "hold" or self.fallback is None:
            return self.action
        given = np.array(self.fallback(seen), np.float64)
        good = np.isfinite(given) & np.where(
            self.choices > 0, (given >= 0) & (given < self.choices), True)
        return np.where(good, given, self.action)

    def _limited(self, target: Array, by_policy: bool) -> Array:
        limits, moving = self.shield.limits, self.choices == 0
        x, last = target[moving].astype(np.float32), self.action[moving].astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            if limits.low_pass and by_policy:
                x = last + _array(limits.low_pass) * (x - last)
            if limits.slew:
                x = _bounded(x, last - _array(limits.slew), last + _array(limits.slew))
        if limits.low:
            x = _bounded(x, _array(limits.low), _array(limits.high))
        made = target.copy()
        made[moving] = x
        return made


def _bounded(x: Array32, low: Array32, high: Array32) -> Array32:
    x = np.where(x > low, x, low)
    return np.where(x < high, x, high)


def _array(numbers: Sequence[float]) -> Array32:
    found: Any = np.array(numbers, np.float32)
    return found  # type: ignore[no-any-return]
