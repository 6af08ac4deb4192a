# SPDX-License-Identifier: MIT
"""What verify found: checks that passed or failed, and measurements."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["passed", "failed", "not checked", "not judged"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what was checked.
        verdict: ``not checked`` says in ``detail`` why; ``not judged`` was looked at, and there is
            too little evidence to tell.
        detail: the figures behind the verdict, one sentence.
    """

    name: str
    verdict: Verdict
    detail: str


@dataclass
class Report:
    """The result of :func:`puffer_edge.verify`.

    Attributes:
        name: of the policy.
        target, toolchain, emulator, optimize: what it was built with and run on.
        checks: in the order in which they were made.
        measurements: figures by name; bytes and instructions.
        notes: the manifest's notes, for the reader.
        reading: who judged what was read of the policy file, or who could.
        tools: versions of other people's tools that made its bytes, or that built it now.
        more: what the page shows beside, by key of report.json; empty where none is asked for.
        unwritten: why its files are not in the artefact; empty where they are.
    """

    name: str
    target: str
    toolchain: str
    emulator: str
    optimize: str
    checks: list[Check] = field(default_factory=list)
    measurements: dict[str, int | float | None] = field(default_factory=dict)
    notes: list[dict[str, str]] = field(default_factory=list)
    reading: str = ""
    tools: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    unwritten: str = ""

    @property
    def passed(self) -> bool:
        """No check failed."""
        return all(check.verdict != "failed" for check in self.checks)

    @property
    def undecided(self) -> list[Check]:
        """What there is too little evidence of."""
        return [check for check in self.checks if check.verdict == "not judged"]

    def check(self, name: str, passed: bool, detail: str) -> None:
        """Records a check."""
        self.checks.append(Check(name, "passed" if passed else "failed", detail))

    def skip(self, name: str, reason: str) -> None:
        """Records that something was not checked, and why."""
        self.checks.append(Check(name, "not checked", reason))

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        plain = asdict(self)
        del plain["unwritten"]
        more = plain.pop("more")
        return {"passed": self.passed, "judged": not self.undecided, **plain, **more}

    def to_markdown(self) -> str:
        """The report as a page that a person reads."""
        verdict = ("**failed**" if not self.passed else
                   "passed, but not judged in part" if self.undecided else "passed")
        lines = [f"# {self.name} on {self.target}: {verdict}", "",
                 f"Built with {self.toolchain} {self.optimize}, run on {self.emulator}.", "",
                 "| check | verdict | detail |", "|---|---|---|"]
        lines += [f"| {check.name} | {check.verdict} | {check.detail} |" for check in self.checks]
        lines += ["", f"The policy file: {self.reading}."] if self.reading else []
        tools = ", ".join(f"{name} {version}" for name, version in sorted(self.tools.items()))
        lines += ["", f"Tools: {tools}."] if tools else []
        lines += ["", "| measurement | value |", "|---|---:|"]
        lines += [f"| {LABELS.get(key, key)} | {shown(value)} |"
                  for key, value in self.measurements.items()]
        if self.notes:
            lines += ["", *(f"- {note['kind']}: {note['text']}" for note in self.notes)]
        return "\n".join(lines) + "\n"


LABELS = {
    "shield_flash_bytes": "flash, the shield (bytes)",
    "shield_ram_bytes": "RAM, the shield's struct (bytes)",
    "shield_cycles_most": "cycles of a step in the shield, most",
    "instructions_min": "instructions per step, fewest",
    "instructions_max": "instructions per step, most",
    "integer_instructions_min": "instructions per step from integers, fewest",
    "integer_instructions_max": "instructions per step from integers, most",
    "cycles_min": "cycles per step, fewest",
    "cycles_max": "cycles per step, most",
    "integer_cycles_min": "cycles per step from integers, fewest",
    "integer_cycles_max": "cycles per step from integers, most",
    "check_cycles": "cycles of a check of all weights (CRC-32)",
    "microseconds": "microseconds per step on the board, an estimate",
    "microseconds_least": "the same, if nothing waits for flash",
    "microseconds_most": "the same, if everything does",
    "check_instructions": "instructions of a check of all weights (CRC-32)",
    "model_bytes": "the model's file (bytes)",
    "oracle_error": "largest difference from the oracle (relative where outputs exceed 1)",
    "macs": "multiply-accumulates per step",
    "flash_code_bytes": "flash, code (bytes)",
    "flash_data_bytes": "flash, weights and tables (bytes)",
    "weights_bytes": "weights.bin (bytes)",
    "ram_bytes": "RAM, static (bytes)",
    "struct_bytes": "RAM, the policy's struct (bytes)",
    "arena_bytes": "of it, arena shared by all values (bytes)",
    "arena_without_sharing_bytes": "arena if no value shared memory (bytes)",
    "stack_bytes": "RAM, stack (bytes)",
    "stack_bound_bytes": "RAM, stack at most, by the graph of calls (bytes)",
    "steps": "steps compared",
    "judged_steps": "held-back steps judged",
    "agreement": "greedy actions equal to the float policy's",
    "action_error_mean": "mean error of the action (of its probabilities, or relative to its "
                         "deviation)",
    "action_error_largest": "largest of them",
    "drift_steps": "steps without a reset",
    "drift_error_first": "mean error of the action in the first of them",
    "drift_error_largest": "largest mean error in any tenth of them",
    "reference_error": "largest error against the reference (relative)",
    "reference_out_of_range": "steps of it with a feature outside of the calibrated range",
}
"""What a measurement is called in a table."""


def shown(value: float | None) -> str:
    """A figure for a person."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
