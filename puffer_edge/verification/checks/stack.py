# SPDX-License-Identifier: MIT
"""The stack that a step takes at most, beside what it was measured to take."""

from __future__ import annotations

from puffer_edge.errors import MissingDependencyError
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.report import Report
from puffer_edge.verification.stack_bound import stack_bound

NAME = "no step takes more stack than its graph of calls allows"


def check_stack(builder: ImageBuilder, measured: int | None, report: Report) -> int | None:
    """Compares, and gives the larger of both; None where neither is known.

    Args:
        builder: of the core.
        measured: bytes that the deepest step took.
        report: gets the check, and the bound as a measurement.
    """
    try:
        bound = stack_bound(builder)
    except MissingDependencyError as missing:
        report.skip(NAME, missing.what)
        return measured
    way = " > ".join(name for name in bound.path if name != "edge_step")
    if bound.size is None:
        report.skip(NAME, f"there is no bound: {bound.reason} ({way})")
        return measured
    report.measurements["stack_bound_bytes"] = bound.size
    report.check(NAME, measured is None or measured <= bound.size,
                 f"at most {bound.size:,} bytes, the compiler's library included: {way}")
    return max(bound.size, measured or 0)
