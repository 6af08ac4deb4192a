# SPDX-License-Identifier: MIT
"""What a search found: a table of candidates, which of them is best, and its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.outcome import Outcome
from puffer_edge.fitting.statistics import Margin, interval
from puffer_edge.ir import Program
from puffer_edge.sizing import Price


@dataclass(frozen=True)
class Verdict:
    """A candidate against its teacher, on seeds that the search never used.

    Attributes:
        episodes: of each.
        mean, teacher: mean returns.
        bound: lower end of the one-sided 95 % interval of the paired difference.
        allowed: what the difference must be above.
        passed: whether it is.
    """

    episodes: int
    mean: float
    teacher: float
    bound: float
    allowed: float
    passed: bool


@dataclass(frozen=True)
class Row:
    """A candidate in the table.

    Attributes:
        name, candidate: which.
        price: what it takes; None where it has no form.
        mean, interval: of its returns by the search's seeds, or the agreement of recorded data.
        disturbed: mean returns with noise, delay and dropped steps, where they were played.
        front: no other is smaller, faster and better.
        why: it went no further.
        verdict: where it came to one.
    """

    name: str
    candidate: Candidate
    price: Price | None
    mean: float | None
    interval: tuple[float, float] | None
    disturbed: dict[str, float] = field(default_factory=dict)
    front: bool = False
    why: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Fitted:
    """The result of ``fit``.

    Attributes:
        best: of the rows, the cheapest that is not inferior; None where there is none.
        rows: all candidates, the cheapest first; those without a price last.
        margin: what counts as inferior.
        teacher: mean returns of the teacher with each disturbance; ``""`` is without one.
        program: of the best, in float: what :func:`puffer_edge.export` takes.
        directory: the artefact of the best, verified; None where there is none.
        offline: nothing was played: recorded data gave the teacher's choices and judged.
        price: what the teacher takes in float32, with every step; None where it has no form.
    """

    best: Row | None
    rows: tuple[Row, ...]
    margin: Margin
    teacher: dict[str, float]
    program: Program | None = None
    directory: Path | None = None
    offline: bool = False
    price: Price | None = None

    @property
    def passed(self) -> bool:
        """Whether there is a best."""
        return self.best is not None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"best": None if self.best is None else self.best.name,
                "rows": [asdict(row) for row in self.rows], "margin": asdict(self.margin),
                "teacher": self.teacher, "offline": self.offline,
                "price": None if self.price is None else asdict(self.price),
                "directory": None if self.directory is None else str(self.directory)}


def row_of(outcome: Outcome) -> Row:
    """The row of a candidate, still alone."""
    known = len(outcome.returns) > 1
    mean = outcome.mean if known or outcome.agreement is not None else None
    return Row(outcome.candidate.name, outcome.candidate, outcome.price, mean,
               interval(outcome.returns) if known else None, why=outcome.why)


def front(rows: Sequence[Row]) -> set[str]:
    """Names of the rows that no other beats in flash, time and return (Pareto)."""
    def point(row: Row) -> tuple[float, float, float]:
        assert row.price is not None and row.mean is not None
        return row.price.flash, row.price.microseconds or 0.0, -row.mean

    points = {row.name: point(row) for row in rows
              if row.price is not None and row.mean is not None}
    return {name for name, mine in points.items() if not any(
        other != mine and all(theirs <= ours for theirs, ours in zip(other, mine, strict=True))
        for other in points.values())}


def by_price(row: Row) -> tuple[float, float, str]:
    """The cheapest first: by flash, then by time."""
    if row.price is None:
        return float("inf"), 0.0, row.name
    return row.price.flash, row.price.microseconds or 0.0, row.name
