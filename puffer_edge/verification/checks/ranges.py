# SPDX-License-Identifier: MIT
"""How much of a sequence of observations lies outside of what an integer policy was made for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.artefact.opening import Subject
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.errors import FileFormatError
from puffer_edge.exporters.regenerating import PROGRAM
from puffer_edge.quantization.coverage import OUTSIDE
from puffer_edge.quantization.integer_input import out_of_range
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.verification.report import Check, Report


def count_out_of_range(subject: Subject, observations: npt.NDArray[Any], report: Report) -> None:
    """Adds to the report in how many steps [T, n] a feature leaves the calibrated range.

    Nothing where the policy is none of integers, or computes with the observation first.
    """
    steps = _out_of_range(subject, observations)
    if steps is not None:
        report.measurements["reference_out_of_range"] = int(steps.sum())


def check_held_back(subject: Subject, observations: npt.NDArray[Any], report: Report) -> None:
    """Whether held-back observations [T, n] are like those that calibrated."""
    steps = _out_of_range(subject, observations)
    if steps is None:
        return
    share = float(steps.mean())
    detail = f"{share:.2%} of {len(steps):,} steps have a feature outside"
    if share > OUTSIDE:
        detail += "; calibrate with what the policy sees: more episodes, other starts"
    report.checks.append(Check("held-back steps lie in the calibrated ranges",
                               "not judged" if share > OUTSIDE else "passed", detail))


def _out_of_range(subject: Subject,
                  observations: npt.NDArray[Any]) -> npt.NDArray[np.bool_] | None:
    path = subject.directory / PROGRAM
    if subject.manifest["scheme"] in FLOATING or not path.is_file():
        return None
    try:
        program = from_bytes(path.read_bytes(), str(path))
    except FileFormatError:  # the check of the artefact's files has said so
        return None
    return out_of_range(program, observations)
