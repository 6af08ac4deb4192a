"""The elementwise float32 functions, bit for bit what ``runtimes/c/<name>_f32.h`` computes.

Only + - * / and compares on float32, in the same order as in C, so that results are equal on every
target (no libm, whose results differ from platform to platform).
"""

from __future__ import annotations

from puffer_edge.ir.functions.error_function import erf_f32, gelu_f32
from puffer_edge.ir.functions.exponential import exp_f32, mish_f32, softplus_f32
from puffer_edge.ir.functions.hyperbolic import (
    elu_f32,
    gelu_tanh_f32,
    selu_f32,
    sigmoid_f32,
    silu_f32,
    tanh_f32,
)
from puffer_edge.ir.functions.logarithm import log1p_f32, log_f32
from puffer_edge.ir.functions.piecewise import (
    abs_f32,
    clip_f32,
    hard_sigmoid_f32,
    hard_swish_f32,
    leaky_relu_f32,
    neg_f32,
    relu_f32,
)
from puffer_edge.ir.functions.registry import FUNCTIONS, Function
from puffer_edge.ir.functions.roots import reciprocal_f32, sqrt_f32
from puffer_edge.ir.functions.rounding import ceil_f32, floor_f32, round_f32
from puffer_edge.ir.functions.softsign import softsign_f32

__all__ = [
    "FUNCTIONS",
    "Function",
    "abs_f32",
    "ceil_f32",
    "clip_f32",
    "elu_f32",
    "erf_f32",
    "exp_f32",
    "floor_f32",
    "gelu_f32",
    "gelu_tanh_f32",
    "hard_sigmoid_f32",
    "hard_swish_f32",
    "leaky_relu_f32",
    "log1p_f32",
    "log_f32",
    "mish_f32",
    "neg_f32",
    "reciprocal_f32",
    "relu_f32",
    "round_f32",
    "selu_f32",
    "sigmoid_f32",
    "silu_f32",
    "softplus_f32",
    "softsign_f32",
    "sqrt_f32",
    "tanh_f32",
]
