# SPDX-License-Identifier: MIT
"""Whether a policy does what somebody else says that it does: the trainer's own network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import Subject, acting, head_of
from puffer_edge.ir import Discrete, Head, Hybrid
from puffer_edge.quantization.agreement import (
    Limits,
    agreement_of,
    agreement_of_actions,
    agreement_of_choices,
)
from puffer_edge.verification import reference as references
from puffer_edge.verification.checks.agreement import decided, real
from puffer_edge.verification.checks.ranges import count_out_of_range
from puffer_edge.verification.demands import Demands
from puffer_edge.verification.reference import Reference
from puffer_edge.verification.reference_form import in_form_of
from puffer_edge.verification.report import Report

SAMPLED = "; were they drawn at random? Ask the trainer for deterministic ones"


@dataclass(frozen=True)
class Ran:
    """What a policy gave over a sequence of observations.

    Attributes:
        raw: [T, width] the outputs that its action is made of as they are, integers included.
        actions: [T, heads] or [T, n] what it did; of a hybrid policy [T] records.
    """

    raw: Array
    actions: Array


def check_reference(subject: Subject, ran: Ran, given: Reference, demands: Demands,
                    report: Report) -> None:
    """Compares raw outputs, and actions after squash and bounds, where the reference has them.

    A float32 policy gives the same numbers, up to rounding, and every greedy action; one with
    rounded weights need only act alike.
    """
    exact = subject.manifest["scheme"] == "float32"
    head, limits = head_of(subject.manifest), demands.limits(subject.manifest)
    count_out_of_range(subject, given.observations, report)
    if given.expected is not None:
        outputs = acting(subject.manifest)
        ours = in_form_of(given.expected, real(outputs, ran.raw), head)
        error = references.relative_error(ours, given.expected)
        report.measurements["reference_error"] = error if np.isfinite(error) else None
        if exact:
            names = " and ".join(output["name"] for output in outputs)
            report.check(f"{names} agree with the reference",
                         error <= references.TOLERANCE,
                         f"largest relative error {error:.2e} over {len(ours)} steps")
        _check_outputs(ours, given.expected, head, limits, exact, report)
    if given.actions is not None:
        _check_actions(ran.actions, given.actions, head, limits, exact, report)


def _check_outputs(ours: Array, theirs: Array, head: Head | Hybrid, limits: Limits,
                   exact: bool, report: Report) -> None:
    """What follows from raw outputs, in real numbers."""
    if isinstance(head, Hybrid):
        cut = head.continuous.width
        _check_outputs(ours[:, :cut], theirs[:, :cut], head.continuous, limits, exact, report)
        _check_outputs(ours[:, cut:], theirs[:, cut:], head.discrete, limits, exact, report)
        return
    if isinstance(head, Discrete):
        name = "greedy actions agree with the reference"
        if not exact:
            report.checks.append(decided(name, agreement_of(theirs, ours, head, limits), "steps"))
            return
        same = np.array([np.array_equal(head.act(a), head.act(b))
                         for a, b in zip(ours, theirs, strict=True)])
        report.check(name, bool(same.all()), f"{same.sum()} of {len(same)} steps")
    elif not exact:  # else the outputs have been compared, number by number
        report.checks.append(decided("actions from its outputs agree with the reference",
                                     agreement_of(theirs, ours, head, limits), "steps"))


def _check_actions(ours: Array, theirs: Array, head: Head | Hybrid, limits: Limits,
                   exact: bool, report: Report) -> None:
    """What the policy did, and what the trainer's did."""
    if isinstance(head, Hybrid):
        cut = head.continuous.size
        _check_actions(ours["continuous"], theirs[:, :cut], head.continuous, limits, exact, report)
        _check_actions(ours["discrete"], theirs[:, cut:], head.discrete, limits, exact, report)
        return
    name = "actions are those of the reference"
    if isinstance(head, Discrete):
        same = (ours == theirs).all(1)
        if exact:
            hint = "" if same.all() else SAMPLED
            report.check(name, bool(same.all()), f"{same.sum()} of {len(same)} steps{hint}")
        else:
            report.checks.append(decided(name, agreement_of_choices(same, limits), "steps"))
    elif exact:
        error = references.relative_error(ours, theirs)
        hint = "" if error <= references.TOLERANCE else SAMPLED
        report.check(name, error <= references.TOLERANCE,
                     f"largest relative error {error:.2e} over {len(ours)} steps{hint}")
    else:
        report.checks.append(decided(
            name, agreement_of_actions(theirs, ours, head, limits), "steps"))
