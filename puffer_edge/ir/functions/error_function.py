# SPDX-License-Identifier: MIT
"""erf, and GELU in its exact form."""

from __future__ import annotations

import math

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.registry import f32, register

HALF = f32("0x1p-1")

ERF_BOUND = f32("0x1.d33334p+1")
ERF_ONE = f32("0x1.cbfdaep+1")
ERF_P = [f32(c) for c in (
    "0x1.17a606p+16", "0x1.114286p+14", "0x1.e984fp+11", "0x1.b584a6p+8", "0x1.05a80cp+4")]
ERF_Q = [f32(c) for c in (
    "0x1.efaa18p+15", "0x1.1e4d22p+15", "0x1.24015cp+13", "0x1.5005d4p+10", "0x1.bc0d9ep+6")]

GELU_BOUND = f32("0x1.433334p+2")
GELU_ONE = f32("0x1.3b5dcp+2")
GELU_P = [f32(c) for c in (
    "0x1.807976p+8", "0x1.742edep+4", "0x1.c3484ep+1", "0x1.277f6cp-6", "0x1.2f02e8p-12",
    "-0x1.cb2658p-19")]
GELU_Q = [f32(c) for c in ("0x1.e1dcd6p+9", "0x1.b5edbep+7", "0x1.5314eap+4")]

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@register(_erf, abs_error=4.7e-7, lipschitz=2 / math.sqrt(math.pi), monotone=True, torch="erf",
          onnx="Erf", c="erf(x)")
def erf_f32(x: Array32) -> Array32:
    """In [-1, 1] for every input, odd; NaN gives -1."""
    p, q = ERF_P, ERF_Q
    above = np.where(x > -ERF_BOUND, x, -ERF_ONE)
    u = np.where(above < ERF_BOUND, above, ERF_ONE)
    y = u * u
    numerator = (((p[4] * y + p[3]) * y + p[2]) * y + p[1]) * y + p[0]
    denominator = ((((y + q[4]) * y + q[3]) * y + q[2]) * y + q[1]) * y + q[0]
    result: Array32 = u * numerator / denominator
    return result


def _gelu(x: Array64) -> Array64:
    limited = np.maximum(x, -40.0)  # -inf * 0 would be NaN; erfc(28) is 0 already
    result: Array64 = limited * _erfc(limited * -math.sqrt(0.5)) * 0.5
    return result


@register(_gelu, abs_error=2.4e-6, rel_error=5e-7, lipschitz=1.13, torch="nn.functional.gelu",
          torch_class="GELU", onnx="Gelu", keras="gelu",
          c="0.5 * fmax(x, -40.0) * erfc(fmax(x, -40.0) * -0.70710678118654752440)")
def gelu_f32(x: Array32) -> Array32:
    """``x (1 + erf(x / sqrt(2))) / 2``; exactly x or 0 from |x| = 5.05 on; NaN gives 0."""
    p, q = GELU_P, GELU_Q
    above = np.where(x > -GELU_BOUND, x, -GELU_ONE)
    u = np.where(above < GELU_BOUND, above, GELU_ONE)
    y = u * u
    numerator = ((((p[5] * y + p[4]) * y + p[3]) * y + p[2]) * y + p[1]) * y + p[0]
    denominator = ((y + q[2]) * y + q[1]) * y + q[0]
    result: Array32 = above * (u * numerator / denominator + HALF)
    return result
