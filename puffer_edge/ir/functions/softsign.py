# SPDX-License-Identifier: MIT
"""Softsign: tanh's shape without an exponential."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.piecewise import abs_f32
from puffer_edge.ir.functions.registry import TINY, f32, register


def _softsign(x: Array64) -> Array64:
    result: Array64 = x / (1.0 + np.abs(x))
    return result


@register(_softsign, abs_error=TINY, rel_error=1.2e-7, lipschitz=1.0, monotone=True,
          torch="nn.functional.softsign", torch_class="Softsign", onnx="Softsign",
          keras="softsign", c="x / (1.0 + fabs(x))")
def softsign_f32(x: Array32) -> Array32:
    """``x / (1 + |x|)``, two roundings; NaN and infinity give NaN."""
    y: Array32 = x / (f32("0x1p+0") + abs_f32(x))
    return y
