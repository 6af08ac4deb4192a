# SPDX-License-Identifier: MIT
"""Whether a policy with rounded weights acts like the float one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import Subject, acting, head_of
from puffer_edge.ir import Discrete
from puffer_edge.quantization.agreement import (
    Agreement,
    agreement_of,
    dequantized,
)
from puffer_edge.quantization.coverage import wanted
from puffer_edge.sampling import NOTHING
from puffer_edge.verification.checks.ranges import check_held_back
from puffer_edge.verification.demands import Demands
from puffer_edge.verification.recorded import Recorded
from puffer_edge.verification.report import Check, Report


def real(outputs: Sequence[dict[str, Any]], raw: Array) -> Array:
    """Outputs side by side, [T, width], in the units of the float policy, float64."""
    cuts = np.cumsum([output["size"] for output in outputs])[:-1]
    return np.concatenate([
        dequantized(part, output["scale"], output["zero_point"],
                    output.get("forbidden", NOTHING))
        if "scale" in output else part.astype(np.float64)
        for output, part in zip(outputs, np.split(raw, cuts, 1), strict=True)], 1)


def check_agreement(subject: Subject, raw: Array, recorded: Recorded, demands: Demands,
                    report: Report) -> None:
    """How a policy acts, by the raw outputs of its action [T, width], beside the float one."""
    head, outputs = head_of(subject.manifest), acting(subject.manifest)
    found = agreement_of(
        recorded.reference, real(outputs, raw), head, demands.limits(subject.manifest),
        [output.get("scale", 0.0) for output in outputs], recorded.measure)
    report.measurements |= {"judged_steps": found.steps, "action_error_mean": found.mean_error,
                            "action_error_largest": found.largest_error}
    if found.share is not None:
        report.measurements["agreement"] = found.share
    kind = "greedy actions" if isinstance(head, Discrete) else "actions"
    report.checks.append(decided(f"{kind} agree with the float policy", found,
                                 "held-back steps", recorded=2))
    check_held_back(subject, recorded.observations, report)


def decided(name: str, found: Agreement, what: str, recorded: int = 1) -> Check:
    """An agreement as a check; one that is none says how many steps would make it one.

    Args:
        name: of the check.
        found: how far the policies agree.
        what: the steps that it is over.
        recorded: steps of a recording for each that judges.
    """
    detail = f"{found.steps:,} {what}: {found.text}"
    if found.verdict == "not judged":
        detail += f"; too few to tell: record {wanted(found, recorded):,} more steps"
    return Check(name, found.verdict, detail)
