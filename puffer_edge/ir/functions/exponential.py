# SPDX-License-Identifier: MIT
"""exp by Cody and Waite's reduction, and what is made of it: softplus, mish."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.logarithm import log1p_f32
from puffer_edge.ir.functions.piecewise import relu_f32
from puffer_edge.ir.functions.registry import Scalar, f32, register

LOW = f32("-0x1.5d51ecp+6")
HIGH = f32("0x1.62e42ep+6")
LOG2_E = f32("0x1.715476p+0")
LN2_HIGH = f32("0x1.63p-1")
LN2_LOW = f32("-0x1.bd0106p-13")
ROUND = f32("0x1.8p+23")
C = [f32(c) for c in ("0x1.fffdf6p-2", "0x1.555796p-3", "0x1.572a5ep-5", "0x1.1062ap-7")]
ZERO = f32("0x0p+0")
ONE = f32("0x1p+0")
TWO = f32("0x1p+1")
COARSE = np.ldexp(ONE, np.arange(-126, 130, 16))
FINE = np.ldexp(ONE, np.arange(16))


@register(np.exp, abs_error=1.2e-38, rel_error=2e-7, lipschitz=None, monotone=True, torch="exp",
          onnx="Exp", keras="exponential", c="exp(x)")
def exp_f32(x: Array32) -> Array32:
    """``2^n exp(r)``; stays exp(-87.33) below that (and for NaN), exp(88.7228) above."""
    above = np.where(x > LOW, x, LOW)
    u = np.where(above < HIGH, above, HIGH)
    n = (u * LOG2_E + ROUND) - ROUND
    r = (u - n * LN2_HIGH) - n * LN2_LOW
    c = ((C[3] * r + C[2]) * r + C[1]) * r + C[0]
    power = n.astype(np.int32) + 126
    y: Array32 = (c * (r * r) + r + ONE) * FINE[power & 15] * COARSE[power >> 4]
    return y


def _softplus(x: Array64, beta: float = 1.0) -> Array64:
    result: Array64 = np.logaddexp(beta * x, 0.0) / beta
    return result


@register(_softplus, abs_error=1.2e-38, rel_error=4e-7, lipschitz=1.0, monotone=True,
          torch="nn.functional.softplus", torch_class="Softplus", onnx="Softplus",
          keras="softplus", c="fmax(x, 0.0) + log1p(exp(-fabs(x)))")
def softplus_f32(x: Array32, beta: Scalar = 1.0) -> Array32:
    """``log(1 + exp(beta x)) / beta``; NaN gives 1.2e-38 / beta."""
    scaled = x * np.float32(beta)
    mirrored = ZERO - scaled
    y: Array32 = (relu_f32(scaled) + log1p_f32(exp_f32(np.where(
        scaled < mirrored, scaled, mirrored)))) / np.float32(beta)
    return y


def _mish(x: Array64) -> Array64:
    limited = np.maximum(x, -700.0)
    result: Array64 = limited * np.tanh(_softplus(limited))
    return result


@register(_mish, abs_error=1.1e-36, rel_error=6e-7, lipschitz=1.0886, torch="nn.functional.mish",
          torch_class="Mish", onnx="Mish", keras="mish",
          c="fmax(x, -700.0) * tanh(log1p(exp(fmin(fmax(x, -700.0), 50.0))))")
def mish_f32(x: Array32) -> Array32:
    """``x tanh(softplus(x)) = x n / (n + 2)``, n = w (w + 2), w = exp(x); NaN gives -1e-36."""
    above: Array32 = np.where(x > f32("-0x1.6p+6"), x, f32("-0x1.6p+6"))
    w = exp_f32(np.where(above < f32("0x1.4p+4"), above, f32("0x1.4p+4")))
    n: Array32 = w * (w + TWO)
    y: Array32 = above * (n / (n + TWO))
    return y
