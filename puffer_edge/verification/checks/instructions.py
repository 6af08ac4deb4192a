# SPDX-License-Identifier: MIT
"""Whether every step executes the same number of instructions, or takes as many cycles."""

from __future__ import annotations

from puffer_edge.targets import Target
from puffer_edge.verification.emulators.machine import StepResult
from puffer_edge.verification.report import Report

SPREAD = 0.02
"""Largest accepted difference between the longest and the shortest step, relative."""
IN_PARTS = 0.05
"""The same on a core of 8 bits, whose library puts products together of parts: one with a negative
factor takes a few cycles more than the 20 to 30 of others (`__mulhisi3`)."""


def check_instructions(core: Target, steps: list[StepResult], report: Report, *,
                       integers: bool = False) -> None:
    """Compares fewest and most; a step of floats is judged only on cores with an FPU.

    Args:
        core: that the steps ran on.
        steps: of the vectors.
        report: gets a check and two measurements.
        integers: they are steps from integers.
    """
    counts = [step.instructions for step in steps if step.instructions is not None]
    cycles = [step.cycles for step in steps if step.cycles is not None]
    unit, counts = ("cycles", cycles) if cycles else ("instructions", counts)
    prefix, suffix = ("integer_", " from integers") if integers else ("", "")
    name = f"{unit} per step{suffix} do not depend on the data"
    if not counts:
        report.skip(name, "this emulator does not count")
        return
    least, most = min(counts), max(counts)
    report.measurements |= {f"{prefix}{unit}_min": least, f"{prefix}{unit}_max": most}
    detail = f"{least:,} to {most:,} over {len(counts)} steps ({(most - least) / least:.2%})"
    within = most - least <= (IN_PARTS if core.isa == "avr" else SPREAD) * least
    if within or core.hard_float or integers:
        report.check(name, within, detail)
    else:
        report.skip(name, f"{detail}; the compiler's software floating point takes longer for "
                          "some numbers, use an integer scheme where that matters")
