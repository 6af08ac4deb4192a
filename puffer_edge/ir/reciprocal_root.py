# SPDX-License-Identifier: MIT
"""Rows of integers divided by the root of their squares' sum, in 31 bits: what norms share.

The squares are taken of numbers shifted so that they fill 29 bits, and the reciprocal root is a
table between 2^28 and 2^30 with straight lines between its entries.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.requantization import LIMIT

LARGEST_ROW = 1 << 14
"""Elements of a row, whose sum and whose squares must stay in 31 bits."""

SHIFTS = 13
"""Entries of what is added to the squares: numbers are shifted by 0 to 12 before that."""

SEGMENTS = 192
"""Of the table, between 2^28 and 2^30."""


def square_bits(count: int) -> int:
    """Bits of numbers of which ``count`` squares stay below 2^29."""
    return (29 - (count - 1).bit_length()) // 2


def root_table() -> Array:
    """``T[j] = 2^29 / sqrt(2^28 + j 2^22)``, [193] int16, at most 2^15 - 1."""
    ends = 2.0**28 + np.arange(SEGMENTS + 1) * 2.0**22
    return np.asarray(np.minimum(np.floor(2.0**29 / np.sqrt(ends) + 0.5), 32767), np.int16)


def over_root(d: Array, added: Array, floor: Array, table: Array, shift: int,
              layer: str) -> Array:
    """``2^15 d / sqrt(max(floor, added + sum of d^2))`` of rows [R, n], 16 bits.

    ::

        b = bits of the largest d,  k = max(b - square_bits(n), shift),  k' = max(b - 14, 0)
        W = max(floor[k], added[k] + sum of (d >> k)^2)
        w = W << 2 s in [2^28, 2^30),  R = 2^29 / sqrt(w), of the table by straight lines
        y = clamp16(((d >> k') * R) >> (14 + k - k' - s))

    Shifts are rounded; the bits of a negative number are those of its complement.

    Args:
        d: int64, at most 17 bits.
        added: [13] by k, below 2^29 from ``shift`` on.
        floor: the same, at least 1.
        table: see :func:`root_table`.
        shift: smallest k.
        layer: for the message.

    Raises:
        ProgramError: a number leaves 31 bits.
    """
    b = bits(np.bitwise_or.reduce(d ^ (d >> 63), axis=1))[:, None]
    k, fine = np.maximum(b - square_bits(d.shape[1]), shift), np.maximum(b - 14, 0)
    squares = shifted(d, k) ** 2
    whole = np.maximum(squares.sum(1, keepdims=True) + added[k], floor[k])
    in_range(whole, layer)
    s = (30 - bits(whole)) >> 1
    t = (whole << 2 * s) - 2**28
    index, fraction = t >> 22, t >> 8 & 16383
    root = table[index] - ((table[index] - table[index + 1]) * fraction + 8192 >> 14)
    product = shifted(d, fine) * root
    last = 14 + k - fine - s
    in_range(product + (1 << last >> 1), layer)
    return np.clip(shifted(product, last), -32768, 32767)


def bits(x: Array) -> Array:
    """Bits of non-negative integers, exact below 2^53."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


def shifted(x: Array, shift: Array) -> Array:
    """To the right, rounded."""
    return np.asarray(x + (1 << shift >> 1) >> shift)


def in_range(x: Array, layer: str) -> None:
    """Refuses what leaves 31 bits.

    Raises:
        ProgramError: the range proof is wrong.
    """
    if x.size and int(np.abs(x).max()) > LIMIT:
        raise ProgramError("an integer intermediate leaves 31 bits: the range proof is wrong",
                           where=layer)
