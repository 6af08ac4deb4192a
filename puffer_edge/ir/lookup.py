# SPDX-License-Identifier: MIT
"""A table of integers with straight lines between its entries."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array


def lookup(table: Array, position: Array, bits: int) -> Array:
    """The table at a position of ``bits`` fractional bits, rounded half up; int64."""
    entries = table.astype(np.int64)
    index = position >> bits
    if not bits:
        return np.asarray(entries[index])
    fraction = position & ((1 << bits) - 1)
    start = entries[index]
    step = (entries[index + 1] - start) * fraction + (1 << bits >> 1)
    return np.asarray(start + (step >> bits))
