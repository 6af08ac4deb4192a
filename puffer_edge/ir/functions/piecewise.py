"""Functions of straight pieces: relu and clip."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.functions.registry import Array, Array64, f32, register

ZERO = f32("0x0p+0")


def _relu(x: Array64) -> Array64:
    return np.maximum(x, 0.0)


@register(_relu, lipschitz=1.0)
def relu_f32(x: Array) -> Array:
    """``max(x, 0)``; NaN gives 0."""
    return np.where(x > ZERO, x, ZERO)


def _clip(x: Array64, low: float = -1.0, high: float = 1.0) -> Array64:
    return np.minimum(np.maximum(x, low), high)


@register(_clip, lipschitz=1.0)
def clip_f32(x: Array, low: float = -1.0, high: float = 1.0) -> Array:
    """``min(max(x, low), high)``; NaN gives low."""
    above = np.where(x > np.float32(low), x, np.float32(low))
    return np.where(above < np.float32(high), above, np.float32(high))
