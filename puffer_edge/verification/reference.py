"""Reference outputs that somebody else computed, such as torch's, and how close ours are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.artefact.npz import read_npz
from puffer_edge.errors import FileFormatError

Array = npt.NDArray[Any]

TOLERANCE = 1e-4
"""Largest accepted difference, relative to the reference's largest magnitude.

Float32 rounds to 6e-8; a recurrent policy of a few hundred units sums some hundred products per
step and carries its rounding through its state for hundreds of steps. 1e-4 leaves room for that
and for nothing else: a wrong GELU, gate order or lost normaliser is off by 1e-2 and more.
"""


@dataclass(frozen=True)
class Reference:
    """A sequence of observations with the raw outputs that belong to them.

    Attributes:
        observations: [T, n] float32.
        expected: [T, size] float32, the policy's first output.
        reset: [T] bool; true where the policy starts anew.
    """

    observations: Array
    expected: Array
    reset: Array


def load(path: Path, observation_size: int, output_size: int) -> Reference:
    """Reads an .npz with ``observations``, ``logits`` or ``mean``, and optionally ``reset``.

    Raises:
        FileFormatError: the file is no .npz, lacks an array, or the shapes do not fit.
    """
    arrays = read_npz(path, "the reference", "give an .npz with observations and logits")
    expected = next((arrays[key] for key in ("logits", "mean", "outputs") if key in arrays), None)
    if expected is None or "observations" not in arrays:
        raise FileFormatError("the reference lacks observations, or logits or mean",
                              where=str(path))
    if not expected.ndim or len(arrays["observations"]) != len(expected) or not len(expected):
        raise FileFormatError("the reference has not as many observations as outputs",
                              where=str(path))
    reset = arrays.get("reset", np.arange(len(expected)) == 0)
    if reset.shape != (len(expected),) or any(
            array.dtype.kind not in "fiub" for array in (arrays["observations"], expected, reset)):
        raise FileFormatError("the reference's arrays must hold numbers, and reset one per step",
                              where=str(path))
    with np.errstate(over="ignore"):
        observations = arrays["observations"].astype(np.float32).reshape(len(expected), -1)
        expected = expected.astype(np.float32).reshape(len(expected), -1)
    if not (np.isfinite(observations).all() and np.isfinite(expected).all()):
        raise FileFormatError("the reference holds NaN or infinite values", where=str(path))
    if observations.shape[1] != observation_size or expected.shape[1] != output_size:
        raise FileFormatError(
            f"the reference has {observations.shape[1]} observations and {expected.shape[1]} "
            f"outputs, the policy {observation_size} and {output_size}", where=str(path))
    starts = reset.astype(bool)
    starts[0] = True  # no state is known before the first step
    return Reference(observations, expected, starts)


def load_for(manifest: dict[str, Any], path: Path) -> Reference:
    """As :func:`load`, for the artefact of that manifest."""
    return load(path, manifest["observation"]["size"], manifest["outputs"][0]["size"])


def relative_error(ours: Array, reference: Array) -> float:
    """Largest difference, relative to the largest magnitude of the reference."""
    largest = float(np.abs(reference).max()) or 1.0
    return float(np.abs(ours.astype(np.float64) - reference.astype(np.float64)).max()) / largest
