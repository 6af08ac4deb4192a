# SPDX-License-Identifier: MIT-0
from .clamp16 import clamp16
from .requantize import requantize


def gate(gates, r):
    """The two sums of a row, requantised apart, added, and clamped to 16 bits."""
    sums, multiplier, shifts, sums_h, multiplier_h, shifts_h = gates
    return clamp16(requantize(sums, multiplier, shifts, r)
                   + requantize(sums_h, multiplier_h, shifts_h, r))
