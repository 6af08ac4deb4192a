"""How much of a sequence of observations lies outside of what an integer policy was made for."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from puffer_edge.errors import FileFormatError
from puffer_edge.quantization.integer_input import out_of_range
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.runtimes.loading import PROGRAM
from puffer_edge.storage import from_bytes
from puffer_edge.verification.report import Report
from puffer_edge.verification.subject import Subject


def count_out_of_range(subject: Subject, observations: npt.NDArray[Any], report: Report) -> None:
    """Adds to the report in how many steps [T, n] a feature leaves the calibrated range.

    Nothing where the policy is none of integers, or computes with the observation first.
    """
    path = subject.directory / PROGRAM
    if subject.manifest["scheme"] in FLOATING or not path.is_file():
        return
    try:
        program = from_bytes(path.read_bytes(), str(path))
    except FileFormatError:  # the check of the artefact's files has said so
        return
    steps = out_of_range(program, observations)
    if steps is not None:
        report.measurements["reference_out_of_range"] = int(steps.sum())
