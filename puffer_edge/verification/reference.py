# SPDX-License-Identifier: MIT
"""Reference outputs that somebody else computed, such as torch's, and how close ours are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.readers.npz import read_npz

TOLERANCE = 1e-4
"""Largest accepted difference, relative to the reference's largest magnitude.

Float32 rounds to 6e-8; a recurrent policy of a few hundred units sums some hundred products per
step and carries its rounding through its state for hundreds of steps. 1e-4 leaves room for that
and for nothing else: a wrong GELU, gate order or lost normaliser is off by 1e-2 and more.
"""


HINT = ("give an .npz with observations, and logits, mean or actions for them (and reset, where "
        "there are several episodes)")


@dataclass(frozen=True)
class Reference:
    """A sequence of observations with what belongs to them.

    Attributes:
        observations: [T, n] float32.
        reset: [T] bool; true where the policy starts anew.
        expected: [T, size] float32, the policy's first output; None where only actions are known.
        actions: [T, heads] int64 or [T, n] float32, as a trainer's ``predict`` gives them: after
            squash and bounds; None where only outputs are known.
    """

    observations: Array
    reset: Array
    expected: Array | None
    actions: Array | None


def load_for(manifest: dict[str, Any],
             given: str | PathLike[str] | Reference | Mapping[str, npt.ArrayLike]) -> Reference:
    """Reads what somebody else computed; gives back what is read already.

    An .npz with ``observations``; one of ``logits``, ``mean`` and ``outputs``, or ``actions``, or
    both; and, for several episodes, ``reset``.

    Args:
        manifest: of the artefact.
        given: path of the file, or the same arrays by name.

    Raises:
        FileFormatError: the file is no .npz, lacks an array, or the shapes do not fit.
    """
    if isinstance(given, Reference):
        return given
    if isinstance(given, Mapping):
        path, arrays = "", {name: np.asarray(array) for name, array in given.items()}
    else:
        path = fspath(given)
        arrays = read_npz(Path(path), "the reference", HINT)
    outputs = next((arrays[key] for key in ("logits", "mean", "outputs") if key in arrays), None)
    actions = arrays.get("actions")
    if "observations" not in arrays or (outputs is None and actions is None):
        raise FileFormatError("the reference lacks observations, or logits, mean or actions",
                              where=path, hint=HINT)
    steps = np.shape(arrays["observations"])[:1]
    theirs = [array for array in (outputs, actions) if array is not None]
    if not steps or not steps[0] or any(array.shape[:1] != steps for array in theirs):
        raise FileFormatError("the reference has not as many observations as outputs or actions",
                              where=path, hint=HINT)
    reset = arrays.get("reset", np.arange(steps[0]) == 0)
    if reset.shape != steps or any(array.dtype.kind not in "fiub"
                                   for array in (arrays["observations"], reset, *theirs)):
        raise FileFormatError("the reference's arrays must hold numbers, and reset one per step",
                              where=path, hint=HINT)
    starts = reset.astype(bool)
    starts[0] = True  # no state is known before the first step
    parts = {name: action for name, action in (
        manifest["action"].items() if manifest["action"]["kind"] == "hybrid"
        else (("action", manifest["action"]),)) if isinstance(action, dict) and "kind" in action}
    outputs_width = sum(output["size"] for output in manifest["outputs"][: len(parts)])
    return Reference(
        _numbers(arrays["observations"], "observations", manifest["observation"]["size"], path),
        starts,
        None if outputs is None else _numbers(outputs, "outputs", outputs_width, path),
        None if actions is None else _actions(actions, list(parts.values()), path))


def _actions(array: Array, parts: list[dict[str, Any]], path: str) -> Array:
    """[T, width] float32, int64 for choices alone; of a hybrid policy side by side."""
    widths = [len(part["sizes"]) if part["kind"] == "discrete" else part["size"] for part in parts]
    rows = _numbers(array, "actions", sum(widths), path)
    for part, found in zip(parts, np.split(rows, np.cumsum(widths)[:-1], 1), strict=True):
        if part["kind"] == "discrete":
            _choices(found, part["sizes"], path)
    return rows.astype(np.int64) if parts[0]["kind"] == "discrete" else rows


def _numbers(array: Array, what: str, width: int, path: str) -> Array:
    """[T, width] float32, finite."""
    with np.errstate(over="ignore"):
        rows = array.astype(np.float32).reshape(len(array), -1)
    if not np.isfinite(rows).all():
        raise FileFormatError("the reference holds NaN or infinite values", where=path)
    if rows.shape[1] != width:
        raise FileFormatError(f"the reference has {rows.shape[1]} {what}, the policy {width}",
                              where=path)
    return rows


def _choices(array: Array, sizes: list[int], path: str) -> Array:
    """[T, heads] int64, each one that the head has."""
    rows = _numbers(array, "actions", len(sizes), path)
    if (rows != np.floor(rows)).any() or (rows < 0).any() or (rows >= np.array(sizes)).any():
        raise FileFormatError(f"the reference's actions are no choices of {sizes}, counted from 0",
                              where=path)
    return rows.astype(np.int64)


def relative_error(ours: Array, reference: Array) -> float:
    """Largest difference, relative to the largest magnitude of the reference."""
    largest = float(np.abs(reference).max()) or 1.0
    return float(np.abs(ours.astype(np.float64) - reference.astype(np.float64)).max()) / largest
