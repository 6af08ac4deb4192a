# SPDX-License-Identifier: MIT
"""tanh, and what is made of it: sigmoid, silu, gelu_tanh, elu, selu."""

from __future__ import annotations

import math

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.piecewise import relu_f32
from puffer_edge.ir.functions.registry import Scalar, f32, register

BOUND = f32("0x1p+3")
ONE = f32("0x1.eefb72p+2")
P = [f32(c) for c in ("0x1.f79fdap+21", "0x1.04252ep+19", "0x1.7ae58ep+13", "0x1.754cbcp+5")]
Q = [f32(c) for c in ("0x1.f79ffp+21", "0x1.d1d1f2p+20", "0x1.7efa44p+16", "0x1.e8f3f2p+9")]
HALF = f32("0x1p-1")
ZERO = f32("0x0p+0")
UNIT = f32("0x1p+0")
TWO = f32("0x1p+1")
GELU_SCALE = f32("0x1.988454p-1")
GELU_CUBIC = f32("0x1.2444f2p-5")
GELU_BOUND = f32("0x1.370a3ep+2")
GELU_ONE = f32("0x1.327208p+2")
SELU_SCALE = f32("0x1.0cfabep+0")
SELU_ALPHA = f32("0x1.ac5afap+0")


def tanh_rational_f32(x: Array32) -> Array32:
    """``x P(x^2) / Q(x^2)``, tanh for |x| <= 8; exactly +-1 at +-ONE."""
    y = x * x
    p = ((P[3] * y + P[2]) * y + P[1]) * y + P[0]
    q = (((y + Q[3]) * y + Q[2]) * y + Q[1]) * y + Q[0]
    return x * p / q


@register(np.tanh, abs_error=4.3e-7, lipschitz=1.0, monotone=True, torch="tanh",
          torch_class="Tanh", onnx="Tanh", keras="tanh", c="tanh(x)")
def tanh_f32(x: Array32) -> Array32:
    """In [-1, 1] for every input, odd; NaN gives -1."""
    above = np.where(x > -BOUND, x, -ONE)
    return tanh_rational_f32(np.where(above < BOUND, above, ONE))


def _sigmoid(x: Array64) -> Array64:
    return 0.5 * np.tanh(0.5 * x) + 0.5


@register(_sigmoid, abs_error=2.3e-7, lipschitz=0.25, monotone=True, torch="sigmoid",
          torch_class="Sigmoid", onnx="Sigmoid", keras="sigmoid", c="1.0 / (1.0 + exp(-x))")
def sigmoid_f32(x: Array32) -> Array32:
    """``1 / (1 + exp(-x))``, in [0, 1] for every input; NaN gives 0."""
    y: Array32 = HALF * tanh_f32(HALF * x) + HALF
    return y


def _silu(x: Array64) -> Array64:
    limited = np.maximum(x, -700.0)  # -inf * 0 would be NaN
    result: Array64 = limited / (1.0 + np.exp(-limited))
    return result


@register(_silu, abs_error=3.2e-6, rel_error=2e-7, lipschitz=1.1, torch="nn.functional.silu",
          torch_class="SiLU", keras="silu", c="fmax(x, -700.0) / (1.0 + exp(-fmax(x, -700.0)))")
def silu_f32(x: Array32) -> Array32:
    """``x / (1 + exp(-x))``; exactly x or 0 from |x| = 16 on; NaN gives 0."""
    half = HALF * x
    above = np.where(half > -BOUND, half, -ONE)
    u = np.where(above < BOUND, above, ONE)
    y: Array32 = above * (tanh_rational_f32(u) + UNIT)
    return y


def _gelu_tanh(x: Array64) -> Array64:
    limited = np.maximum(x, -40.0)
    inner = math.sqrt(2 / math.pi) * (limited + 0.044715 * limited**3)
    result: Array64 = limited / (1.0 + np.exp(np.minimum(-2.0 * inner, 700.0)))
    return result


@register(_gelu_tanh, abs_error=1e-6, rel_error=2e-7, lipschitz=1.13, onnx="Gelu",
          c="fmax(x, -40.0) / (1.0 + exp(-2.0 * 0.79788456080286535588 * (fmax(x, -40.0) + "
            "0.044715 * fmax(x, -40.0) * fmax(x, -40.0) * fmax(x, -40.0))))")
def gelu_tanh_f32(x: Array32) -> Array32:
    """GELU with torch's ``approximate="tanh"``; exactly x or 0 from |x| = 4.86; NaN gives 0."""
    above = np.where(x > -GELU_BOUND, x, -GELU_ONE)
    u = np.where(above < GELU_BOUND, above, GELU_ONE)
    inner = (GELU_CUBIC * (u * u) + GELU_SCALE) * u
    y: Array32 = HALF * above * (tanh_rational_f32(inner) + UNIT)
    return y


def _elu(x: Array64, alpha: float = 1.0) -> Array64:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


@register(_elu, abs_error=2.8e-7, lipschitz=1.0, monotone=True, torch="nn.functional.elu",
          torch_class="ELU", onnx="Elu", onnx_attributes=("alpha",), keras="elu",
          c="(x > 0 ? x : expm1(x))")
def elu_f32(x: Array32, alpha: Scalar = 1.0) -> Array32:
    """``x`` for x > 0, ``alpha (exp(x) - 1)`` below; NaN gives -alpha."""
    half = HALF * x
    above = np.where(half > -BOUND, half, -ONE)
    t = tanh_rational_f32(np.where(above < ZERO, above, ZERO))
    below: Array32 = np.float32(alpha) * (TWO * t / (UNIT - t))
    return relu_f32(x) + below


def _celu(x: Array64, alpha: float = 1.0) -> Array64:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0) / alpha))


@register(_celu, abs_error=2.8e-7, lipschitz=1.0, monotone=True, torch="nn.functional.celu",
          torch_class="CELU", onnx="Celu", onnx_attributes=("alpha",),
          c="(x > 0 ? x : expm1(x))")
def celu_f32(x: Array32, alpha: Scalar = 1.0) -> Array32:
    """``x`` for x > 0, ``alpha (exp(x / alpha) - 1)`` below; NaN gives 0; alpha > 0."""
    negative: Array32 = np.where(x < ZERO, x, ZERO)
    below: Array32 = negative / np.float32(alpha)
    y: Array32 = relu_f32(x) + elu_f32(below, alpha)
    return y


def _selu(x: Array64) -> Array64:
    result: Array64 = 1.0507009873554805 * _elu(x, 1.6732632423543772)
    return result


@register(_selu, abs_error=5e-7, rel_error=1e-7, lipschitz=1.7581, monotone=True,
          torch="nn.functional.selu", torch_class="SELU", onnx="Selu", keras="selu",
          c="1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x))")
def selu_f32(x: Array32) -> Array32:
    """``scale elu(x)`` with the constants of torch.nn.SELU; NaN gives the lower limit."""
    y: Array32 = SELU_SCALE * elu_f32(x, SELU_ALPHA)
    return y
