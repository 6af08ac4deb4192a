# SPDX-License-Identifier: MIT
"""Sine and cosine of a phase in [0, 1), in nothing but float32 multiplications and additions.

A quarter turn is Taylor's series, whose first term left out is below 6e-8; the error of the result
is below 2e-7. ``exporters/c/robot.h.j2`` computes the same in the same order.
"""

from __future__ import annotations

import numpy as np

SINE = tuple(np.float32(c) for c in (
    1.5707963267948966, -0.6459640975062462, 0.07969262624616704, -0.004681754135318687,
    0.00016044118478735982, -3.598843235212085e-06))
"""Of sin(pi / 2 x) / x, in x^2."""


def quarter(x: np.float32) -> np.float32:
    """sin(pi / 2 * x) for x in [0, 1]."""
    square = x * x
    y = SINE[-1]
    for c in reversed(SINE[:-1]):
        y = y * square + c
    return y * x


def turn(phase: np.float32) -> tuple[np.float32, np.float32]:
    """Sine and cosine of ``2 pi phase``, for phase in [0, 1)."""
    quarters = phase * np.float32(4)
    index = int(quarters)
    part = quarters - np.float32(index)
    rising, falling = quarter(part), quarter(np.float32(1) - part)
    if index == 0:
        return rising, falling
    if index == 1:
        return falling, -rising
    if index == 2:
        return -rising, -falling
    return -falling, rising
