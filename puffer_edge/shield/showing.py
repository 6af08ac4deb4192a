# SPDX-License-Identifier: MIT
"""A shield in words."""

from __future__ import annotations

from collections.abc import Sequence

from puffer_edge.shield.checking import FLOAT_MAX
from puffer_edge.shield.shield import FAULTS, ONE, Shield

SHOWN = 8
"""Numbers of a list."""


def rows(shield: Shield) -> list[str]:
    """A line for each part: letters, digits and a few signs."""
    guard, timing, limits, how = shield.guard, shield.timing, shield.limits, shield.reacting
    bounded = sum(low > -FLOAT_MAX or high < FLOAT_MAX
                  for low, high in zip(guard.low, guard.high, strict=True))
    found = [f"observation: finite; {bounded} of {len(guard.low)} elements have a range"]
    if guard.watched:
        steps = [guard.varies[i] for i in guard.watched]
        found.append(f"of these {len(steps)} must vary within {_span(steps)} steps")
    if guard.max_age_us:
        found.append(f"it is at most {guard.max_age_us} us old")
    if timing.late_us:
        found.append(f"time: a step comes {timing.early_us} to {timing.late_us} us after the last")
    if timing.deadline_us:
        found.append(f"its token is given within {timing.deadline_us} us")
    if limits.low:
        found.append(f"action: {_listed(limits.low)} to {_listed(limits.high)}")
    for words, numbers in (("changes per step by at most", limits.slew),
                           ("goes the part of the way of", limits.low_pass)):
        if numbers:
            found.append(f"action: {words} {_listed(numbers)}")
    found.append(f"safe action: {_listed(limits.safe)}")
    then = f", after {how.hold_steps} steps {how.then}" if how.hold_steps else ""
    found.append(f"with a fault: {how.first}{then}")
    if how.latch_after:
        released = (f"{how.release_after} good ones in a row" if how.release_after else "a reset")
        found.append(f"after {how.latch_after} steps with faults until {released}")
    if shield.likelihood is not None:
        found.append(f"unlikely beyond {shield.likelihood.threshold / ONE:g} squared deviations "
                     f"in {shield.likelihood.directions} directions of the first layer, less "
                     f"{shield.likelihood.allowance / ONE:g} per step")
    if how.counted:
        counted = [word for i, word in enumerate(FAULTS) if how.counted >> i & 1]
        found.append(f"only counted: {', '.join(counted)}")
    return found


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def _listed(numbers: Sequence[float]) -> str:
    if len(set(numbers)) == 1:
        return f"{numbers[0]:g}"
    more = f" ... of {len(numbers)}" if len(numbers) > SHOWN else ""
    return " ".join(f"{number:g}" for number in numbers[:SHOWN]) + more
