# SPDX-License-Identifier: MIT
"""What a board printed beside what was estimated: ``report-time``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from puffer_edge.errors import FileFormatError

STEP = re.compile(r"step (us|cycles|ns) (\d{1,12}) longest (\d{1,12})"
                  r"(?: estimated (\d{1,12}) to (\d{1,12}))?\s*$", re.MULTILINE)
FLASHED = re.compile(r"one step: ([\d,]{1,15}) microseconds")
"""What ``flash`` prints."""
SELFTEST = re.compile(r"self-?test:? (\d{1,10}|good|wrong)\b")


@dataclass(frozen=True)
class Comparison:
    """What a log says of a policy on a board.

    Attributes:
        unit: of the times: us, cycles or ns.
        steps: times of single steps, one per line of the log.
        longest: of all steps of the run.
        estimated: the least and the most, or None where nothing was.
        selftest: wrong steps; None where the log does not tell.
    """

    unit: str
    steps: tuple[int, ...]
    longest: int
    estimated: tuple[int, int] | None
    selftest: int | None

    @property
    def typical(self) -> int:
        """The middle of the times."""
        return sorted(self.steps)[len(self.steps) // 2]

    @property
    def off(self) -> float | None:
        """How far the middle lies outside of the estimate; None without one.

        0.1 is 10 % above the most, -0.1 10 % below the least, 0 within.
        """
        if self.estimated is None:
            return None
        least, most = self.estimated
        nearest = min(max(self.typical, least), most)
        return self.typical / nearest - 1 if nearest else 0.0


def compare(log: str, estimate: tuple[float, float] | None = None, hertz: int = 0) -> Comparison:
    """Reads the lines that the examples of ``firmware``, and ``flash``, print.

    Args:
        log: text of a serial port, anything else in it is passed over.
        estimate: microseconds, the least and the most, in place of those that the log has.
        hertz: of the core, for a log in cycles.

    Raises:
        FileFormatError: no line tells the time of a step, or lines are of different units.
    """
    lines = STEP.findall(log)
    flashed = [int(each.replace(",", "")) for each in FLASHED.findall(log)]
    unit = lines[-1][0] if lines else "us"
    if not (lines or flashed) or {line[0] for line in lines} - {unit} or (lines and flashed):
        raise FileFormatError(
            "the log has no time of a step" if not (lines or flashed) else
            "the log has times of different units", where="log",
            hint="give what the example of a project, or `puffer-edge flash`, printed: lines as "
                 "`step us 132 longest 140`")
    wrong = [int(each) if each.isdigit() else int(each == "wrong")
             for each in SELFTEST.findall(log)]
    told = next(((int(line[3]), int(line[4])) for line in reversed(lines) if line[3]), None)
    if estimate is not None:
        factor = {"us": 1.0, "ns": 1e3, "cycles": hertz / 1e6}[unit]
        told = (int(estimate[0] * factor), int(estimate[1] * factor) + 1)
    return Comparison(unit, tuple(int(line[1]) for line in lines) or tuple(flashed),
                      max((int(line[2]) for line in lines), default=max(flashed, default=0)),
                      told, max(wrong, default=None))
