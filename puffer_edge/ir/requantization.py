# SPDX-License-Identifier: MIT
"""From a 32-bit sum to an activation: one multiply of 15 by 15 bits, every step proved in range.

Every integer intermediate must lie in [-2^30, 2^30 - 1], because beyond that a MicroPython integer
goes to the heap. ``y = (((acc + r1) >> s1) * m + r2) >> s2`` with ``r = 2^(s - 1)`` (0 for s = 0),
arithmetic shifts.
"""

from __future__ import annotations

import math

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError

LIMIT = 2**30 - 1
"""Largest magnitude of an integer intermediate."""

LARGEST_SUM = LIMIT - 2**14
"""Largest magnitude of a sum: a pre-shift of 15 bits, which always suffices, adds 2^14 to it."""


def choose(ratio: float, bound: int) -> tuple[int, int, int]:
    """Multiplier, pre-shift and shift for ``y = acc * ratio``.

    The pre-shift is the smallest for which every intermediate is in range for every ``|acc|`` up
    to the bound; the multiplier has 15 bits (14 for some of the
    largest sums), so the ratio is kept to 2^-15 or 2^-14.

    Args:
        ratio: positive.
        bound: largest magnitude of the sum, at most :data:`LARGEST_SUM`.

    Raises:
        ProgramError: the sum is out of range, or the ratio too large for any shift.
    """
    if not 0 <= bound <= LARGEST_SUM or not ratio > 0:
        raise ProgramError(f"a sum of magnitude {bound} cannot be requantised by {ratio}")
    for bits in (15, 14):  # the largest sums leave no room for the largest multipliers
        for pre_shift in range(31):
            shift = bits - 1 - math.floor(math.log2(ratio)) - pre_shift
            multiplier = round(math.ldexp(ratio, pre_shift + min(shift, 30)))
            if multiplier == 2**bits:
                multiplier, shift = 2 ** (bits - 1), shift - 1
            shift = min(shift, 30)
            if shift < 1:  # so that the sum of two results, or of one and a zero point, fits
                break
            if in_range(bound, multiplier, pre_shift, shift):
                return multiplier, pre_shift, shift
    raise ProgramError(f"a sum of magnitude {bound} cannot be requantised by {ratio}")


def finest(ratio: float, bound: int, largest: int) -> tuple[int, int, int]:
    """As :func:`choose`, with the least error of results that are cut off beyond ``largest``.

    The bits of a product are shared by the sum and the multiplier: where a sum could be much larger
    than any result that is kept, it is worth more bits than the multiplier.

    Raises:
        ProgramError: the sum is out of range, or the ratio too large for any shift.
    """
    best, least = choose(ratio, bound), math.inf
    for bits in range(15, 7, -1):
        for pre_shift in range(31):
            shift = bits - 1 - math.floor(math.log2(ratio)) - pre_shift
            multiplier = round(math.ldexp(ratio, pre_shift + min(shift, 30)))
            shift = min(shift, 30)
            if not 0 < multiplier < 2**15 or shift < 1:
                break
            if in_range(bound, multiplier, pre_shift, shift):
                kept = math.ldexp(multiplier, -pre_shift - shift)
                error = largest * abs(kept / ratio - 1) + (_rounding(pre_shift) + 0.5) * ratio
                if error < least:
                    best, least = (multiplier, pre_shift, shift), error
                break
    return best


def in_range(bound: int, multiplier: int, pre_shift: int, shift: int) -> bool:
    """Whether every intermediate stays within :data:`LIMIT` for every ``|acc| <= bound``."""
    r1, r2 = _rounding(pre_shift), _rounding(shift)
    first = bound + r1
    second = max((bound + r1) >> pre_shift, -((-bound + r1) >> pre_shift))
    return max(first, second * multiplier + r2) <= LIMIT


def requantize(acc: Array, multiplier: Array, pre_shift: Array, shift: Array) -> Array:
    """The formula above on int64 arrays, asserting the range of every step."""
    first = acc + (1 << pre_shift >> 1)
    _assert_range(first)
    product = (first >> pre_shift) * multiplier + (1 << shift >> 1)
    _assert_range(product)
    return np.asarray(product >> shift)


def _rounding(shift: int) -> int:
    return 1 << shift >> 1


def _assert_range(array: Array) -> None:
    if array.size and int(np.abs(array).max()) > LIMIT:
        raise ProgramError("an integer intermediate leaves 31 bits: the range proof is wrong")
