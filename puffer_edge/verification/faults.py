# SPDX-License-Identifier: MIT
"""Faults put into clean steps at random places, and what a shield has to find of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array, Array32
from puffer_edge.shield.checking import FLOAT_MAX
from puffer_edge.shield.shield import (
    EARLY,
    FAULTS,
    LATE,
    NOT_FINITE,
    OLD,
    RANGE,
    STUCK,
    Guard,
    Shield,
)
from puffer_edge.verification.shielded import Steps

BEFORE = 3
"""Clean steps before a fault, of which the first begins with a reset."""
PERIOD_US = 20000
LONGEST_US = 1 << 31


@dataclass(frozen=True)
class Kind:
    """Faults of one kind.

    Attributes:
        name: for a reader.
        bit: what the shield has to find.
        within: of how many steps, the one with the fault included.
    """

    name: str
    bit: int
    within: int


@dataclass
class _Trial:
    """The clean steps of one trial, to be spoilt from step ``BEFORE`` on."""

    seen: Array32
    periods: Array
    ages: Array


def kinds(shield: Shield) -> list[Kind]:
    """Those that the shield looks for."""
    guard, found = shield.guard, [Kind("NaN", NOT_FINITE, 1), Kind("infinity", NOT_FINITE, 1)]
    if _bounded(guard):
        found.append(Kind("out of range", RANGE, 1))
    if guard.watched:
        found.append(Kind("stuck", STUCK, max(guard.varies)))
    if guard.max_age_us:
        found.append(Kind("too old", OLD, 1))
    if shield.timing.late_us:
        found.append(Kind("late", LATE, 1))
    if shield.timing.early_us:
        found.append(Kind("early", EARLY, 1))
    return found


def _bounded(guard: Guard) -> list[int]:
    return [i for i, (low, high) in enumerate(zip(guard.low, guard.high, strict=True))
            if low > -FLOAT_MAX or high < FLOAT_MAX]


def inject(shield: Shield, kind: Kind, clean: Array32, trials: int, random: np.random.Generator
           ) -> Steps:
    """Trials one after another, ``BEFORE + kind.within`` steps each, with a fault in each.

    Args:
        shield: whose limits are broken.
        kind: of the faults.
        clean: [T, n] recorded observations, finite and within the shield's range.
        trials: how many.
        random: chooses where.
    """
    length = BEFORE + kind.within
    parts = []
    for _ in range(trials):
        start = int(random.integers(0, max(len(clean) - length, 0) + 1))
        seen = np.resize(clean[start:start + length], (length, clean.shape[1])).copy()
        trial = _Trial(seen, regular(shield, length, random),
                       _up_to(0, shield.guard.max_age_us or 1000, length, random))
        _SPOIL[kind.name](shield, trial, random)
        parts.append(trial)
    now = np.cumsum(np.concatenate([part.periods for part in parts])) % 2**32
    ages = np.concatenate([part.ages for part in parts])
    count = trials * length
    return Steps(np.concatenate([part.seen for part in parts]), now, (now - ages) % 2**32, now,
                 np.arange(count) % length == 0)


def regular(shield: Shield, count: int, random: np.random.Generator) -> Array:
    """Times between steps that are just neither early nor late, in microseconds."""
    timing = shield.timing
    if not timing.late_us:
        return np.full(count, max(PERIOD_US, timing.early_us))
    return _up_to(timing.early_us, timing.late_us, count, random)


def _up_to(low: int, high: int, count: int, random: np.random.Generator) -> Array:
    """Whole numbers from low to high, each of which is an end as often as not."""
    inside = random.integers(low, high + 1, count)
    return np.where(random.choice([False, True], count), inside,
                    random.choice([low, high], count))


def _nan(shield: Shield, trial: _Trial, random: np.random.Generator) -> None:
    trial.seen[BEFORE, random.integers(trial.seen.shape[1])] = random.choice([np.nan, -np.nan])


def _infinity(shield: Shield, trial: _Trial, random: np.random.Generator) -> None:
    trial.seen[BEFORE, random.integers(trial.seen.shape[1])] = random.choice([np.inf, -np.inf])


def _outside(shield: Shield, trial: _Trial, random: np.random.Generator) -> None:
    """By the least that there is, or by any number."""
    i = int(random.choice(_bounded(shield.guard)))
    low, high = (np.float32(side[i]) for side in (shield.guard.low, shield.guard.high))
    above = high < FLOAT_MAX and (low <= -FLOAT_MAX or random.choice([False, True]))
    bound, end = (high, np.float32(FLOAT_MAX)) if above else (low, np.float32(-FLOAT_MAX))
    least = np.nextafter(bound, end)
    far = np.float32(min(max(float(bound) + float(random.normal() ** 2) * (1 if above else -1),
                             -FLOAT_MAX), FLOAT_MAX))
    trial.seen[BEFORE, i] = random.choice([least, end, far if far != bound else least])


def _stuck(shield: Shield, trial: _Trial, random: np.random.Generator) -> None:
    i = int(random.choice(shield.guard.watched))
    trial.seen[BEFORE:, i] = trial.seen[BEFORE - 1, i]


def _old(shield: Shield, trial: _Trial, random: np.random.Generator) -> None:
    trial.ages[BEFORE] = random.choice([shield.guard.max_age_us + 1, LONGEST_US, int(
        random.integers(shield.guard.max_age_us + 1, LONGEST_US))])


def _late(shield: Shield, trial: _Trial, random: np.random.Generator) -> None:
    trial.periods[BEFORE] = random.choice([shield.timing.late_us + 1, int(
        random.integers(shield.timing.late_us + 1, LONGEST_US))])


def _early(shield: Shield, trial: _Trial, random: np.random.Generator) -> None:
    trial.periods[BEFORE] = random.choice([shield.timing.early_us - 1, int(
        random.integers(0, shield.timing.early_us))])


_SPOIL: dict[str, Callable[[Shield, _Trial, np.random.Generator], None]] = {
    "NaN": _nan, "infinity": _infinity, "out of range": _outside, "stuck": _stuck,
    "too old": _old, "late": _late, "early": _early}


@dataclass(frozen=True)
class Acted:
    """What a shield did about the faults of a kind.

    Attributes:
        kind: of the faults.
        trials: how many there were.
        found: in how many the bit was found in time.
        slowest: steps until the latest of these.
    """

    kind: Kind
    trials: int
    found: int
    slowest: int


def judge(kind: Kind, bits: Sequence[int], counts: Sequence[int]) -> Acted:
    """Whether each fault was found in time.

    Args:
        kind: of the faults.
        bits: what each step of :func:`inject` reacted to.
        counts: the counter of the kind after each step.
    """
    length = BEFORE + kind.within
    delays = []
    for start in range(0, len(bits), length):
        part = range(start + BEFORE, start + length)
        hit = next((i for i in part if bits[i] & kind.bit or counts[i] > counts[start]), None)
        if hit is not None:
            delays.append(hit - part.start + 1)
    return Acted(kind, len(bits) // length, len(delays), max(delays, default=0))


def place(kind: Kind) -> int:
    """Which counter is the kind's."""
    return [1 << i for i in range(len(FAULTS))].index(kind.bit)
