# SPDX-License-Identifier: MIT
"""log, and log1p as far as softplus and log need it."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.piecewise import clip_f32
from puffer_edge.ir.functions.registry import f32, register

SMALLEST, LARGEST = f32("0x1p-149"), f32("0x1.fffffep+127")
ZERO, HALF, ONE, TWO = f32("0x0p+0"), f32("0x1p-1"), f32("0x1p+0"), f32("0x1p+1")
SQRT2 = f32("0x1.6a09e6p+0")
LN2_HIGH = f32("0x1.63p-1")
LN2_LOW = f32("-0x1.bd0106p-13")
C = [f32(c) for c in (
    "0x1p+1", "0x1.5554ecp-1", "0x1.99da4cp-2", "0x1.1e512p-2", "0x1.208b9p-2")]
STEPS = [
    (f32(limit), f32(factor), np.float32(exponent))
    for limit, factor, exponent in (
        ("0x1p+2", "0x1p+126", 126), ("0x1p+64", "0x1p+64", 64), ("0x1p+96", "0x1p+32", 32),
        ("0x1p+96", "0x1p+32", 32), ("0x1p+112", "0x1p+16", 16), ("0x1p+120", "0x1p+8", 8),
        ("0x1p+124", "0x1p+4", 4), ("0x1p+126", "0x1p+2", 2), ("0x1p+127", "0x1p+1", 1))
]
"""Where m is below the limit it is multiplied, and the exponent changes by as much."""


def log1p_f32(x: Array32) -> Array32:
    """``log(1 + x)`` for -0.3 <= x <= 1 only: 2 atanh(s), s = x / (2 + x); relative error 3e-7."""
    s = x / (x + TWO)
    y = s * s
    c = (((C[4] * y + C[3]) * y + C[2]) * y + C[1]) * y + C[0]
    result: Array32 = s * c
    return result


def _log(x: Array64) -> Array64:
    return np.log(np.clip(x, float(SMALLEST), float(LARGEST)))


@register(_log, rel_error=2.6e-7, lipschitz=None, monotone=True, torch="log", onnx="Log",
          c="log(fmin(fmax(x, 0x1p-149), 0x1.fffffep+127))")
def log_f32(x: Array32) -> Array32:
    """``log(m 2^n) = n ln 2 + log1p(m - 1)`` with m in [0.7, 1.4) by comparisons.

    Zero, negative numbers and NaN give -103.28, infinity gives 88.72.
    """
    m = clip_f32(x, SMALLEST, LARGEST)
    n = np.full(np.shape(x), np.float32(127))
    for limit, factor, exponent in STEPS:
        below = m < limit
        m = m * np.where(below, factor, ONE)
        n = n - np.where(below, exponent, ZERO)
    m = m * f32("0x1p-127")
    carry = np.where(m > SQRT2, ONE, ZERO)
    m = m - HALF * carry * m
    n = n + carry
    y: Array32 = n * LN2_HIGH + (n * LN2_LOW + log1p_f32(m - ONE))
    return y
