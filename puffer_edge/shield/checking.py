# SPDX-License-Identifier: MIT
"""Whether the numbers of a shield fit each other, and a policy: they become code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.artefact.decoding import decode
from puffer_edge.errors import FileFormatError
from puffer_edge.ir import Discrete, Program
from puffer_edge.shield.shield import (
    FAULTS,
    MOST_DIRECTIONS,
    NOT_FINITE,
    NOVELTY,
    POLICY,
    Guard,
    Likelihood,
    Limits,
    Reacting,
    Shield,
    Timing,
)

FLOAT_MAX = float(np.finfo(np.float32).max)
LONGEST_US = (1 << 31) - 1
LARGEST_COUNT = 0xFFFE
LARGEST_SUM = 1 << 28
"""Of novelty: with an eighth and a step's more it fits 30 bits, as MicroPython has them."""
CLASSES = (Guard, Timing, Limits, Reacting, Likelihood, Shield)


def choices_of(program: Program) -> tuple[int, ...]:
    """The number of choices of each element of the action, 0 where it is continuous."""
    found: list[int] = []
    for head in program.contract.heads.values():
        found += head.sizes if isinstance(head, Discrete) else [0] * head.size
    return tuple(found)


def decoded(plain: Any, program: Program, where: str) -> Shield:
    """A shield from what :func:`shield.plain` made of it, in a stranger's file.

    Raises:
        FileFormatError: it is none, or does not fit the policy.
    """
    try:
        named = {"class": "Shield", **{
            key: plain[key] and {"class": kind.__name__, **plain[key]} for key, kind in (
                ("guard", Guard), ("timing", Timing), ("limits", Limits), ("reacting", Reacting),
                ("likelihood", Likelihood))}}
        shield: Shield = decode(named, Shield, {kind.__name__: kind for kind in CLASSES})
    except (TypeError, ValueError, KeyError) as error:
        raise FileFormatError(f"holds no shield: {error}", where=where) from error
    return check(shield, program, where)


def check(shield: Shield, program: Program, where: str) -> Shield:
    """The shield itself, once it is shown to be sound.

    Raises:
        FileFormatError: it is not; it names the part.
    """
    wrong = (_wrong_guard(shield.guard, program.contract.observation_size)
             or _wrong_limits(shield.limits, choices_of(program)) or _wrong_counts(shield)
             or _wrong_likelihood(shield.likelihood, program))
    if wrong:
        raise FileFormatError(f"the shield's {wrong}", where=where)
    return shield


def _wrong_guard(guard: Guard, size: int) -> str:
    for side in (guard.low, guard.high):
        if wrong := _wrong_floats("range", side, size):
            return wrong
    if any(low > high for low, high in zip(guard.low, guard.high, strict=True)):
        return "range is empty"
    if len(guard.varies) not in (0, size) or not _counts(guard.varies):
        return f"watch is on {len(guard.varies)} of {size} elements"
    return ""


def _wrong_limits(limits: Limits, choices: Sequence[int]) -> str:
    moving = sum(size == 0 for size in choices)
    for name in ("low", "high", "slew", "low_pass"):
        numbers = getattr(limits, name)
        if numbers and (wrong := _wrong_floats(name, numbers, moving)):
            return wrong
    if len(limits.low) != len(limits.high) or any(
            low > high for low, high in zip(limits.low, limits.high, strict=True)):
        return "bounds of the action are none"
    if any(slew <= 0 for slew in limits.slew):
        return "slew is not above 0"
    if any(not 0 < part <= 1 for part in limits.low_pass):
        return "low pass is no part of the way"
    if wrong := _wrong_floats("safe action", limits.safe, len(choices)):
        return wrong
    for number, size in zip(limits.safe, choices, strict=True):
        if size and not (number == int(number) and 0 <= number < size):
            return f"safe action {number:g} is none of {size} choices"
    return ""


def _wrong_counts(shield: Shield) -> str:
    timing, reacting = shield.timing, shield.reacting
    times = (timing.early_us, timing.late_us, timing.deadline_us, shield.guard.max_age_us)
    if any(not 0 <= time <= LONGEST_US for time in times):
        return "times have more than 31 bits of microseconds"
    if timing.late_us and timing.early_us > timing.late_us:
        return "period is empty"
    if not _counts((reacting.hold_steps, reacting.latch_after, reacting.release_after)):
        return f"counts of steps are not 0 to {LARGEST_COUNT}"
    if not 0 <= reacting.counted < 1 << len(FAULTS) or (
            reacting.counted & (NOT_FINITE | POLICY)):
        return "reaction leaves out what it cannot"
    return ""


def _wrong_likelihood(likelihood: Likelihood | None, program: Program) -> str:
    if likelihood is None:
        return ""
    sizes = {name: program.values[value].size for name, value
             in zip(program.output_names, program.outputs, strict=True)}
    if not sizes.get(NOVELTY) == likelihood.directions <= MOST_DIRECTIONS:
        return "novelty is none of the policy's outputs"
    if not (0 <= likelihood.allowance <= LARGEST_SUM and 0 < likelihood.threshold <= LARGEST_SUM):
        return "novelty has a threshold out of range"
    return ""


def _counts(numbers: Sequence[int]) -> bool:
    return all(0 <= number <= LARGEST_COUNT for number in numbers)


def _wrong_floats(name: str, numbers: Sequence[float], size: int) -> str:
    if len(numbers) != size:
        return f"{name} has {len(numbers)} numbers for {size} elements"
    if any(not abs(number) <= FLOAT_MAX or float(np.float32(number)) != number
           for number in numbers):
        return f"{name} holds a number that is none of float32"
    return ""


