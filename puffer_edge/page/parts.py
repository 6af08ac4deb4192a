# SPDX-License-Identifier: MIT
"""What run, bench, doctor and fit found, as the page and report.json have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BINS = 20
"""Of the histogram of returns."""


def played(match: Mapping[str, Any], environment: str, observe: Sequence[int], command: str
           ) -> dict[str, Any]:
    """Episodes, with a histogram of both policies' returns over the same bins.

    Args:
        match: ``playing.Match`` as plain data.
        environment: where.
        observe: elements of its observation that the policy sees; all where there are none.
        command: that repeats it.
    """
    theirs = match["compared"]
    returns = [np.array(part["returns"]) for part in (match["policy"], theirs) if part]
    every = np.concatenate(returns)
    low, high = float(every.min()), float(every.max())
    ends = (low, high if high > low else low + 1.0)
    counts = [[int(count) for count in np.histogram(part, BINS, ends)[0]] for part in returns]
    return {**match, "environment": environment, "observe": list(observe), "command": command,
            "histogram": {"low": low, "high": ends[1], **dict(
                zip(("policy", "compared"), counts, strict=False))}}


def measured(rows: Sequence[Mapping[str, Any]], command: str) -> dict[str, Any]:
    """What each back end took."""
    return {"rows": [dict(row) for row in rows], "command": command}


def fitted(found: Mapping[str, Any], command: str) -> dict[str, Any]:
    """The table of fit: each candidate with what it takes, its return and the verdict."""
    rows = [{"name": row["name"], "flash": (row["price"] or {}).get("flash"),
             "ram": (row["price"] or {}).get("ram"), "mean": row["mean"],
             "why": row["why"] or ("delivered" if row["name"] == found["best"] else "")}
            for row in found["rows"]]
    return {"best": found["best"], "command": command, "rows": rows}
