# SPDX-License-Identifier: MIT
"""Whether another runtime's outputs lie within the proved bound of rounding."""

from __future__ import annotations

import numpy as np

from puffer_edge.artefact.opening import Subject
from puffer_edge.interpreter import Interpreter
from puffer_edge.runtimes.policy import Policy
from puffer_edge.verification.error_bound import ErrorBound
from puffer_edge.verification.report import Report


def check_rounding(subject: Subject, policy: Policy, where: str, report: Report) -> None:
    """Every output of every step against the oracle, the state carried by both."""
    program, vectors = policy.program, subject.vectors
    oracle, bound = Interpreter(program), ErrorBound(program)
    wrong, largest = 0, 0.0
    for x, fresh in zip(vectors.observations, vectors.reset, strict=True):
        if fresh:
            oracle.reset()
            bound.resynchronise()
            policy.reset()
        with np.errstate(all="ignore"):
            limits = bound.step(oracle.values(x))
        expected = oracle.step(x)
        policy.step(x)
        found = policy.outputs
        error = {name: np.abs(found[name].astype(np.float64) - expected[name])
                 for name in program.output_names}
        # A bound that is NaN, where squares of 1e38 overflow, promises nothing.
        wrong += any(bool((error[name] > limits[name]).any() or np.isnan(found[name]).any())
                     for name in error)
        scale = max(1.0, *(float(np.abs(expected[name]).max()) for name in error))
        largest = max(largest, *(float(e.max()) / scale for e in error.values()))
    report.measurements |= {"steps": len(vectors.observations), "oracle_error": largest}
    report.check(f"outputs in {where} lie within the bound of rounding", wrong == 0,
                 f"{wrong} of {len(vectors.observations)} steps differ by more; largest "
                 f"difference {largest:.1e} (relative where outputs exceed 1)")
