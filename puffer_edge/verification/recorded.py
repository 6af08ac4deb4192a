# SPDX-License-Identifier: MIT
"""``judge.npz`` what an integer policy is judged by, in an artefact that anybody may change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.artefact.opening import Subject, acting, heads_of
from puffer_edge.errors import FileFormatError
from puffer_edge.ir import Continuous
from puffer_edge.readers.npz import read_npz

HINT = "export the policy again"


@dataclass(frozen=True)
class Recorded:
    """Steps that the calibration did not see, with what the float policy said.

    Attributes:
        observations: [T, n] float32, finite; T is at least 1.
        reset: [T] bool.
        reference: [T, size] float64, finite: the float policy's first output.
        measure: [n] positive: what the error of each element of a continuous action is measured
            by, over more steps than these (``agreement.deviation``); None where it is not told.
    """

    observations: Array
    reset: Array
    reference: Array
    measure: Array | None = None


def read_recorded(subject: Subject) -> Recorded:
    """Reads what export wrote, and nothing that only looks like it.

    Raises:
        FileFormatError: the file is missing or damaged, an array is missing, has another shape, or
            holds anything but finite numbers.
    """
    path = subject.directory / "judge.npz"
    arrays = read_npz(path, "the file to judge by", HINT)
    n, size = subject.manifest["observation"]["size"], sum(
        output["size"] for output in acting(subject.manifest))
    shapes = {name: arrays[name].shape for name in ("observations", "reset", "reference")
              if name in arrays}
    steps = (shapes.get("reset") or (0,))[0]
    wanted = {"observations": (steps, n), "reset": (steps,), "reference": (steps, size)}
    if shapes != wanted or not steps or any(
            arrays[name].dtype.kind not in "fb" for name in wanted):
        raise FileFormatError("the arrays to judge by do not fit the policy", where=str(path),
                              hint=HINT)
    with np.errstate(over="ignore"):
        observations = arrays["observations"].astype(np.float32)
    reference = arrays["reference"].astype(np.float64)
    if not (np.isfinite(observations).all() and np.isfinite(reference).all()):
        raise FileFormatError("what to judge by holds NaN or infinite values", where=str(path),
                              hint=HINT)
    reset = arrays["reset"].astype(bool)
    reset[0] = True  # no state is known before the first step
    measure = arrays.get("measure")
    moving = sum(h.size for h in heads_of(subject.manifest).values() if isinstance(h, Continuous))
    if measure is not None and (
            measure.dtype.kind != "f" or not moving or measure.shape != (moving,)
            or not np.isfinite(measure).all() or not measure.min() > 0):
        raise FileFormatError("the deviation to judge by does not fit the policy", where=str(path),
                              hint=HINT)
    return Recorded(observations, reset, reference, measure)
