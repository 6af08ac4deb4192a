"""exp by Cody and Waite's reduction."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.functions.registry import Array, f32, register

LOW = f32("-0x1.5d51ecp+6")
HIGH = f32("0x1.62e42ep+6")
LOG2_E = f32("0x1.715476p+0")
LN2_HIGH = f32("0x1.63p-1")
LN2_LOW = f32("-0x1.bd0106p-13")
ROUND = f32("0x1.8p+23")
C = [f32(c) for c in ("0x1.fffdf6p-2", "0x1.555796p-3", "0x1.572a5ep-5", "0x1.1062ap-7")]
ONE = f32("0x1p+0")
COARSE = np.ldexp(ONE, np.arange(-126, 130, 16))
FINE = np.ldexp(ONE, np.arange(16))


@register(np.exp, abs_error=1.2e-38, rel_error=2e-7, lipschitz=None)
def exp_f32(x: Array) -> Array:
    """``2^n exp(r)``; stays exp(-87.33) below that (and for NaN), exp(88.7228) above."""
    above = np.where(x > LOW, x, LOW)
    u = np.where(above < HIGH, above, HIGH)
    n = (u * LOG2_E + ROUND) - ROUND
    r = (u - n * LN2_HIGH) - n * LN2_LOW
    c = ((C[3] * r + C[2]) * r + C[1]) * r + C[0]
    power = n.astype(np.int32) + 126
    y: Array = (c * (r * r) + r + ONE) * FINE[power & 15] * COARSE[power >> 4]
    return y
