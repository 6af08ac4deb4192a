# SPDX-License-Identifier: MIT
"""Square root and reciprocal."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.piecewise import clip_f32
from puffer_edge.ir.functions.registry import TINY, f32, register

LARGEST = f32("0x1.fffffep+127")
ZERO, HALF, ONE = f32("0x0p+0"), f32("0x1p-1"), f32("0x1p+0")
STEPS = [
    (f32(limit), f32(factor), f32(root))
    for limit, factor, root in (
        ("0x1p+2", "0x1p+126", "0x1p-63"), ("0x1p+64", "0x1p+64", "0x1p-32"),
        ("0x1p+96", "0x1p+32", "0x1p-16"), ("0x1p+96", "0x1p+32", "0x1p-16"),
        ("0x1p+112", "0x1p+16", "0x1p-8"), ("0x1p+120", "0x1p+8", "0x1p-4"),
        ("0x1p+124", "0x1p+4", "0x1p-2"), ("0x1p+126", "0x1p+2", "0x1p-1"))
]
"""Where m is below the limit it is multiplied, and the root by the inverse root of that."""

GUESS = [f32(c) for c in ("0x1.098p-1", "0x1.0d5122p-1", "-0x1.43e996p-5")]


def _sqrt(x: Array64) -> Array64:
    return np.sqrt(np.clip(x, 0.0, float(LARGEST)))


@register(_sqrt, rel_error=1.2e-7, lipschitz=None, monotone=True, torch="sqrt", onnx="Sqrt",
          c="sqrt(fmin(fmax(x, 0.0), 0x1.fffffep+127))")
def sqrt_f32(x: Array32) -> Array32:
    """Scaling by comparisons to [1, 4), a quadratic guess, two Newton steps.

    Negative numbers and NaN give 0, infinity gives the root of the largest float.
    """
    m = clip_f32(x, 0.0, LARGEST)
    root = np.where(x > ZERO, f32("0x1p+63"), ZERO)
    for limit, factor, inverse in STEPS:
        below = m < limit
        m = m * np.where(below, factor, ONE)
        root = root * np.where(below, inverse, ONE)
    m = m * f32("0x1p-126")
    guess = (GUESS[2] * m + GUESS[1]) * m + GUESS[0]
    for _ in range(2):
        guess = HALF * (guess + m / guess)
    y: Array32 = guess * root
    return y


@register(np.reciprocal, abs_error=TINY, rel_error=6e-8, lipschitz=None, monotone=True,
          torch="reciprocal", onnx="Reciprocal", c="1.0 / x")
def reciprocal_f32(x: Array32) -> Array32:
    """``1 / x``, correctly rounded; +-0 gives +-infinity, NaN stays."""
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        y: Array32 = ONE / x
    return y
