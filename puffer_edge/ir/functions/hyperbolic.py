"""tanh, and what is made of it: sigmoid."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.functions.registry import Array, Array64, f32, register

BOUND = f32("0x1p+3")
ONE = f32("0x1.eefb72p+2")
P = [f32(c) for c in ("0x1.f79fdap+21", "0x1.04252ep+19", "0x1.7ae58ep+13", "0x1.754cbcp+5")]
Q = [f32(c) for c in ("0x1.f79ffp+21", "0x1.d1d1f2p+20", "0x1.7efa44p+16", "0x1.e8f3f2p+9")]
HALF = f32("0x1p-1")


def tanh_rational_f32(x: Array) -> Array:
    """``x P(x^2) / Q(x^2)``, tanh for |x| <= 8; exactly +-1 at +-ONE."""
    y = x * x
    p = ((P[3] * y + P[2]) * y + P[1]) * y + P[0]
    q = (((y + Q[3]) * y + Q[2]) * y + Q[1]) * y + Q[0]
    return x * p / q


@register(np.tanh, abs_error=4.3e-7, lipschitz=1.0)
def tanh_f32(x: Array) -> Array:
    """In [-1, 1] for every input, odd; NaN gives -1."""
    above = np.where(x > -BOUND, x, -ONE)
    return tanh_rational_f32(np.where(above < BOUND, above, ONE))


def _sigmoid(x: Array64) -> Array64:
    return 0.5 * np.tanh(0.5 * x) + 0.5


@register(_sigmoid, abs_error=2.3e-7, lipschitz=0.25)
def sigmoid_f32(x: Array) -> Array:
    """``1 / (1 + exp(-x))``, in [0, 1] for every input; NaN gives 0."""
    y: Array = HALF * tanh_f32(HALF * x) + HALF
    return y
