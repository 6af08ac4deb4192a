# SPDX-License-Identifier: MIT
"""Whether a recurrent integer policy stays with its float original, however long it runs.

Each step rounds the state a little. Where roundings add up (a memory that forgets nothing), the
integer policy wanders off although every single step is right, and no short recording shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np

from puffer_edge.arrays import Array64
from puffer_edge.artefact.opening import Subject, acting, heads_of
from puffer_edge.ir import Continuous, Head
from puffer_edge.verification.checks.agreement import real
from puffer_edge.verification.emulators.host_machine import HostMachine
from puffer_edge.verification.harness import ImageBuilder
from puffer_edge.verification.recorded import read_recorded
from puffer_edge.verification.report import Report

STEPS = 100_000
WINDOW = STEPS // 10
"""Steps that are compared at a time, and observations that are repeated at most."""

GROWTH = 2.0
"""How much larger the error of any window may be than that of the first pass; trained policies
stay within 1.2."""

SMALL = 5e-3
"""An error (of a probability, or relative to what a continuous action varies) that may grow."""

AT_THE_END = 1e-3
"""Share of a state's numbers that may lie at an end of their range."""


def check(subject: Subject, original: ImageBuilder, ours: ImageBuilder, report: Report) -> None:
    """Runs both on this computer, side by side, over the recording again and again without a reset.

    Args:
        subject: the artefact.
        original: builder of the float policy.
        ours: builder of the integer policy.
        report: is told.

    Raises:
        FileFormatError: the recording is damaged.
        VerificationError: one of them faults or does not end.
        MissingDependencyError: the compiler is not installed.
    """
    recorded = read_recorded(subject).observations[:WINDOW]
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        machines = [stack.enter_context(HostMachine(builder.image)) for builder in (original, ours)]
        (reference, _), (found, extremes) = pool.map(
            lambda machine: machine.loop(recorded, STEPS), machines)
    outputs = acting(subject.manifest)
    width = sum(output["size"] for output in outputs)
    error = _errors(reference[:, :width].astype(np.float64), real(outputs, found[:, :width]),
                    list(heads_of(subject.manifest).values()))
    window = WINDOW // len(recorded) * len(recorded)  # whole passes, so that all are alike
    windows = [float(error[start : start + window].mean())
               for start in range(0, STEPS - window + 1, window)]
    first, worst = float(error[: len(recorded)].mean()), max(windows)
    report.measurements |= {"drift_steps": STEPS, "drift_error_first": first,
                            "drift_error_largest": worst}
    report.check(
        f"the error does not grow over {STEPS:,} steps", worst <= GROWTH * first + SMALL,
        f"mean {first:.3g} in the first {len(recorded)} steps, at most {worst:.3g} in any "
        f"{window:,} without a reset")
    sizes = np.array([np.prod(state["shape"]) for state in subject.manifest["states"]])
    still = (extremes[:, 0] == 0) & (extremes[:, 1] == 0)  # as what only tells the first step
    ends = float((np.where(still, 0, extremes[:, 2]) / (sizes * STEPS)).max())
    reach = ", ".join(f"{low} to {high}" for low, high, _ in extremes.tolist())
    report.check(f"states stay inside their ranges over {STEPS:,} steps", ends <= AT_THE_END,
                 f"{reach}; {ends:.2%} of a state's numbers at an end")


def _errors(reference: Array64, ours: Array64, heads: Sequence[Head]) -> Array64:
    """Mean error of the action, step by step, [T]."""
    errors, start = [], 0
    for head in heads:
        part = slice(start, start + head.width)
        start = part.stop
        if isinstance(head, Continuous):
            spread = np.maximum(reference[:, part].std(0), 1e-6)
            errors.append(np.abs(reference[:, part] - ours[:, part]) / spread)
        else:
            cuts = np.cumsum(head.sizes)[:-1]
            errors += [np.abs(_softmax(a) - _softmax(b)) for a, b in zip(
                np.split(reference[:, part], cuts, 1), np.split(ours[:, part], cuts, 1),
                strict=True)]
    return np.asarray(np.concatenate(errors, 1).mean(1))


def _softmax(logits: Array64) -> Array64:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
