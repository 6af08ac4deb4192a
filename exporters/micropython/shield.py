# SPDX-License-Identifier: MIT
"""``policy_shield.py``: a shield for MicroPython, the bits of ``shield.reference``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puffer_edge.exporters.licence import without_licence
from puffer_edge.ir import Program
from puffer_edge.shield import Shield
from puffer_edge.shield.checking import choices_of
from puffer_edge.shield.shield import FAULTS, LATCHED, OF_OBSERVATION, ONE, identity
from puffer_edge.shield.showing import rows

FILE = "policy_shield.py"


def shield_module(shield: Shield, program: Program, name: str) -> str:
    """The text of the module.

    Args:
        shield: a checked one.
        program: the policy.
        name: of the policy.
    """
    guard, timing, limits, how = shield.guard, shield.timing, shield.limits, shield.reacting
    line, choices = shield.likelihood, choices_of(program)
    safe = list(zip(limits.safe, choices, strict=True))
    bits = [f"{fault.upper().replace('-', '_')} = {1 << i}" for i, fault in enumerate(FAULTS)]
    lines = [
        f'"""What stands between the policy {name} and the world; made by puffer-edge.', "",
        *rows(shield), '"""', "", _runtime(), "", "",
        f'HASH = "{identity(shield)}"', *bits, f"LATCHED = {LATCHED}",
        f"FAULTS = {FAULTS!r}", f"SIZE = {len(guard.low)}",
        f"LOW, HIGH = {_numbers(guard.low)}, {_numbers(guard.high)}",
        f"PLACES = {guard.watched!r}",
        f"VARIES = {tuple(guard.varies[i] for i in guard.watched)!r}",
        f"MAX_AGE_US, EARLY_US, LATE_US, DEADLINE_US = {guard.max_age_us}, {timing.early_us}, "
        f"{timing.late_us}, {timing.deadline_us}",
        f"LOWEST, HIGHEST = {_numbers(limits.low)}, {_numbers(limits.high)}",
        f"SLEW, LOW_PASS = {_numbers(limits.slew)}, {_numbers(limits.low_pass)}",
        f"SAFE = {_numbers([each for each, size in safe if not size])}",
        f"SAFE_CHOICES = {tuple(int(each) for each, size in safe if size)!r}",
        f"CHOICES = {tuple(size for size in choices if size)!r}",
        f'FIRST, THEN, HOLD_STEPS = "{how.first}", "{how.then}", {how.hold_steps}',
        f"LATCH_AFTER, RELEASE_AFTER = {how.latch_after}, {how.release_after}",
        f"COUNTED, REFUSED = {how.counted}, {OF_OBSERVATION & ~how.counted}",
        f"DIRECTIONS, ALLOWANCE, THRESHOLD, ONE = "
        f"{(line.directions, line.allowance, line.threshold) if line else (0, 0, 0)!r}"[:-1]
        + f", {ONE})"]
    return "\n".join(lines) + "\n"


def _runtime() -> str:
    """The device code, a file after the other."""
    from importlib.resources import files

    folder = files("puffer_edge.runtimes") / "micropython" / "shield"
    return "\n\n\n".join(without_licence((folder / f"{name}.py").read_text("utf-8")).strip()
                         for name in ("observing", "limiting", "counting", "shield"))


def _numbers(values: Sequence[float]) -> str:
    """As bytes: how a port reads a decimal may be off by a bit."""
    return f"floats({np.array(values, '<f4').tobytes()!r})" if len(values) else "()"
