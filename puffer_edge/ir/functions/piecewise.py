# SPDX-License-Identifier: MIT
"""Functions of straight pieces: relu, clip, leaky_relu, hard_sigmoid, hard_swish, abs, neg."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.registry import TINY, Scalar, f32, register

ZERO = f32("0x0p+0")
ONE = f32("0x1p+0")


def _relu(x: Array64) -> Array64:
    return np.maximum(x, 0.0)


@register(_relu, lipschitz=1.0, monotone=True, torch="relu", torch_class="ReLU", onnx="Relu",
          keras="relu", c="fmax(x, 0.0)")
def relu_f32(x: Array32) -> Array32:
    """``max(x, 0)``; NaN gives 0."""
    return np.where(x > ZERO, x, ZERO)


def _clip(x: Array64, low: float = -1.0, high: float = 1.0) -> Array64:
    return np.minimum(np.maximum(x, low), high)


@register(_clip, lipschitz=1.0, monotone=True, torch="clamp", c="fmin(fmax(x, -1.0), 1.0)")
def clip_f32(x: Array32, low: Scalar = -1.0, high: Scalar = 1.0) -> Array32:
    """``min(max(x, low), high)``; NaN gives low."""
    above = np.where(x > np.float32(low), x, np.float32(low))
    return np.where(above < np.float32(high), above, np.float32(high))


def _leaky_relu(x: Array64, slope: float = 0.01) -> Array64:
    return np.where(x > 0, x, slope * x)


@register(_leaky_relu, abs_error=TINY, rel_error=9e-8, lipschitz=1.0, monotone=True,
          torch="nn.functional.leaky_relu", torch_class="LeakyReLU", onnx="LeakyRelu",
          onnx_attributes=("alpha",), c="(x > 0 ? x : 0.01 * x)")
def leaky_relu_f32(x: Array32, slope: Scalar = 0.01) -> Array32:
    """``x`` for x > 0, ``slope x`` below; NaN stays."""
    return np.where(x > ZERO, x, np.float32(slope) * x)


def _hard_sigmoid(x: Array64, alpha: float = 1 / 6, beta: float = 0.5) -> Array64:
    return np.clip(alpha * x + beta, 0.0, 1.0)


@register(_hard_sigmoid, abs_error=1e-7, lipschitz=1 / 6, monotone=True,
          torch_class="Hardsigmoid", onnx="HardSigmoid", onnx_attributes=("alpha", "beta"),
          c="fmin(fmax(x / 6.0 + 0.5, 0.0), 1.0)")
def hard_sigmoid_f32(x: Array32, alpha: Scalar = 1 / 6, beta: Scalar = 0.5) -> Array32:
    """``min(max(alpha x + beta, 0), 1)``, torch's parameters by default; NaN gives 0."""
    return clip_f32(np.float32(alpha) * x + np.float32(beta), 0.0, 1.0)


def _hard_swish(x: Array64) -> Array64:
    limited = np.maximum(x, -3.0)
    result: Array64 = limited * _hard_sigmoid(limited)
    return result


@register(_hard_swish, abs_error=1e-7, rel_error=1e-7, lipschitz=1.5,
          torch="nn.functional.hardswish", torch_class="Hardswish", onnx="HardSwish",
          c="fmax(x, -3.0) * fmin(fmax(x, -3.0) / 6.0 + 0.5, 1.0)")
def hard_swish_f32(x: Array32) -> Array32:
    """``x min(max(x / 6 + 1/2, 0), 1)``; exactly x or 0 from |x| = 3 on; NaN gives 0."""
    above = np.where(x > f32("-0x1.8p+1"), x, f32("-0x1.8p+1"))
    factor = f32("0x1.555556p-3") * above + f32("0x1p-1")
    y: Array32 = above * np.where(factor < ONE, factor, ONE)
    return y


@register(np.abs, lipschitz=1.0, torch="abs", onnx="Abs", c="fabs(x)")
def abs_f32(x: Array32) -> Array32:
    """``|x|``; NaN stays."""
    return np.where(x > ZERO, x, ZERO - x)


@register(np.negative, lipschitz=1.0, monotone=True, torch="neg", onnx="Neg", c="-x")
def neg_f32(x: Array32) -> Array32:
    """``-x``; NaN stays."""
    return -x
