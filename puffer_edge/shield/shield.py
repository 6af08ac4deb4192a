# SPDX-License-Identifier: MIT
"""A shield's numbers: what is refused of an observation, and what an action may do.

Everything is decided by comparing integers and, of actions, by single operations of float32, in
the order that ``reference`` gives; generated code has its bits.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

FAULTS = ("not-finite", "range", "stuck", "old", "late", "early", "policy", "unlikely")
"""Kinds of faults by bit: the first is 1, the second 2, the third 4..."""
NOT_FINITE, RANGE, STUCK, OLD, LATE, EARLY, POLICY, UNLIKELY = (1 << i for i in range(8))
LATCHED = 1 << 8
"""The bit of a step in which the shield goes on to react to former faults."""
OF_OBSERVATION = NOT_FINITE | RANGE | STUCK | OLD
"""Faults for which the policy does not see the observation."""
NOVELTY = "novelty"
"""The output of the policy that says how unlikely its observation is."""
MOST_DIRECTIONS = 8
ONE = 64
"""What stands for a deviation in it."""
MOST = 0xFFFF
"""Where counters stay."""

Reaction = Literal["hold", "safe", "fallback"]
REACTIONS = ("hold", "safe", "fallback")


@dataclass(frozen=True)
class Guard:
    """What an observation has to be.

    Attributes:
        low, high: [n] float32, bounds of each element; float32's largest numbers where none are.
        varies: [n] or [], after so many steps without a change an element is stuck; 0 for never.
        max_age_us: from when it was measured to the step; 0 where any is good.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    varies: tuple[int, ...]
    max_age_us: int

    @property
    def watched(self) -> tuple[int, ...]:
        """Elements that have to vary."""
        return tuple(i for i, steps in enumerate(self.varies) if steps)


@dataclass(frozen=True)
class Timing:
    """When steps have to come.

    Attributes:
        early_us, late_us: a step is too early below the one, and too late above the other, after
            the last one; 0 where any is good.
        deadline_us: from a step's beginning until its token is asked for; 0 for any.
    """

    early_us: int
    late_us: int
    deadline_us: int


@dataclass(frozen=True)
class Limits:
    """What an action may be; ``c`` is the number of its continuous elements, in their order.

    Attributes:
        low, high: [c] or [] float32, bounds.
        slew: [c] or [] float32, largest change per step.
        low_pass: [c] or [] float32, the part of the way to a new action of the policy that a step
            goes.
        safe: one number for every element of the action, choices included.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    slew: tuple[float, ...]
    low_pass: tuple[float, ...]
    safe: tuple[float, ...]


@dataclass(frozen=True)
class Reacting:
    """What happens in a step with a fault.

    Attributes:
        first: what is done first: the last action again, the safe one, or what the caller's
            fallback gives.
        hold_steps: after so many such steps in a row comes ``then``; 0 for never.
        then: what that is.
        latch_after: after so many steps with faults the shield goes on reacting; 0 for never.
        release_after: after so many good steps in a row it stops, and forgets faults; 0 for never.
        counted: bits of faults that are counted, and not reacted to.
    """

    first: Reaction
    hold_steps: int
    then: Reaction
    latch_after: int
    release_after: int
    counted: int


@dataclass(frozen=True)
class Likelihood:
    """When observations are of another kind than those of calibration.

    The policy has an output ``novelty``: how far the first hidden layer is from its mean in a few
    directions, in 64ths of its deviation there. Their squares, less ``allowance``, are added up
    from step to step, never below 0: a cumulative sum (E. S. Page, "Continuous inspection schemes",
    Biometrika 41, 1954).

    Attributes:
        directions: elements of that output.
        allowance: what a step may have, in 64ths.
        threshold: the sum beyond which observations are unlikely; an eighth more is where it stays.
    """

    directions: int
    allowance: int
    threshold: int


@dataclass(frozen=True)
class Shield:
    """All of it."""

    guard: Guard
    timing: Timing
    limits: Limits
    reacting: Reacting
    likelihood: Likelihood | None = None

    @property
    def falls_back(self) -> bool:
        """Whether the caller has to give a fallback."""
        how = self.reacting
        return "fallback" in (how.first, how.then if how.hold_steps else how.first)


def plain(shield: Shield) -> dict[str, object]:
    """All numbers, as JSON holds them."""
    return json.loads(json.dumps(asdict(shield)))  # type: ignore[no-any-return]


def identity(shield: Shield) -> str:
    """SHA-256 of all numbers, in hexadecimal."""
    text = json.dumps(plain(shield), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
