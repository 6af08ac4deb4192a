# SPDX-License-Identifier: MIT
"""Rows of weights that are whole multiples of a step: the integers of a quantised file."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array

TOP = 127
"""Largest integer of a weight."""

TOLERANCE = 1e-4
"""Part of a step that float32 may have moved a weight of at most 127 steps by."""


def on_lattice(rows: Array) -> tuple[Array, Array] | None:
    """Integers [N, K] and a step per row [N] with ``rows = integers * step``.

    The largest number of steps that a row fits is taken: it is the file's own where a weight is as
    large as its integers can be, and as good as it elsewhere.

    Args:
        rows: [N, K] float64.

    Returns:
        None where a row is no multiple of any such step. A row of zeros has the step 0.
    """
    found, steps = np.zeros(rows.shape, np.int64), np.zeros(len(rows))
    for index, row in enumerate(rows):
        largest = float(np.abs(row).max(initial=0.0))
        if largest == 0:
            continue
        counts = np.arange(TOP, 0, -1, dtype=np.float64)
        whole = row / largest * counts[:, None]
        fits = (np.abs(whole - np.rint(whole)) <= TOLERANCE).all(1)
        if not fits.any():
            return None
        best = int(np.argmax(fits))
        found[index], steps[index] = np.rint(whole[best]), largest / counts[best]
    return found, steps
