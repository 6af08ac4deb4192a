# SPDX-License-Identifier: MIT
"""Gates of recurrent cells in integers: their sums, and tanh and sigmoid from one table."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir.integer_sums import integer_sums
from puffer_edge.ir.lookup import lookup
from puffer_edge.ir.requantization import requantize

TANH_ENTRIES = 257
"""tanh over [0, 8), 32 segments per unit, as 2^14 times its value; odd for negative numbers."""


def tanh_table() -> Array:
    """The table, [TANH_ENTRIES] int16."""
    return np.floor(2**14 * np.tanh(np.arange(TANH_ENTRIES) / 32) + 0.5).astype(np.int16)


def gate_sums(x: Array, weight: Array, bias: Array, requantization: Array, layer: str) -> Array:
    """``weight @ x + bias`` at the gates' scales, [1, N] int64, asserting the proof of the range.

    Not clamped: the two sums that make a gate may be large and cancel.
    """
    return requantize(integer_sums(x, weight, bias, layer), *requantization.T)


def tanh(table: Array, x: Array) -> Array:
    """Of the table: 2^14 times the tanh of x / 2^12."""
    size = np.minimum(np.abs(x), 32767)
    y = lookup(table, size, 7)
    return np.where(x < 0, -y, y)


def sigmoid(table: Array, x: Array) -> Array:
    """Of the same: 2^15 times the sigmoid of x / 2^11, at most 2^15 - 1."""
    return np.asarray(np.minimum(16384 + tanh(table, x), 32767))
