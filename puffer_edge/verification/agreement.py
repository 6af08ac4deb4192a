"""Whether a policy with rounded weights acts like the float one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.artefact.opening import Subject, acting, head_of
from puffer_edge.errors import UsageError
from puffer_edge.ir import Discrete
from puffer_edge.quantization.agreement import (
    AGREEMENT,
    Agreement,
    Limits,
    agreement_of,
    dequantized,
)
from puffer_edge.quantization.coverage import wanted
from puffer_edge.sampling import NOTHING
from puffer_edge.verification.ranges import check_held_back
from puffer_edge.verification.recorded import Recorded
from puffer_edge.verification.report import Check, Report

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Demands:
    """What is asked of a policy with rounded weights.

    Attributes:
        min_agreement: least share of greedy actions equal to the float policy's.
        max_error: largest mean error of a continuous action, relative to the deviation of the float
            policy's; by default that of the scheme.

    Raises:
        UsageError: one of them is none.
    """

    min_agreement: float = AGREEMENT
    max_error: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_agreement <= 1:
            raise UsageError(f"an agreement of {self.min_agreement:g} is no share of the steps",
                             hint="give one between 0 and 1")
        if self.max_error is not None and not 0 < self.max_error < math.inf:
            raise UsageError(f"an error of {self.max_error:g} cannot be asked for",
                             hint="give a part of the actions' deviation, as 0.04")

    def limits(self, manifest: dict[str, Any]) -> Limits:
        """What that means for the artefact of that manifest."""
        layers = manifest.get("quantization", {}).get("layers", [])
        schemes = {str(layer["scheme"]) for layer in layers} or {str(manifest["scheme"])}
        return Limits.of(schemes, self.min_agreement, self.max_error)


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
