"""The elementwise float32 functions, bit for bit what ``runtimes/c/<name>_f32.h`` computes.

Only + - * / and compares on float32, in the same order as in C, so that results are equal on every
target (no libm, whose results differ from platform to platform).
"""

from __future__ import annotations

from puffer_edge.ir.functions.error_function import erf_f32, gelu_f32
from puffer_edge.ir.functions.exponential import exp_f32
from puffer_edge.ir.functions.hyperbolic import sigmoid_f32, tanh_f32
from puffer_edge.ir.functions.piecewise import clip_f32, relu_f32
from puffer_edge.ir.functions.registry import FUNCTIONS, Function

__all__ = [
    "FUNCTIONS",
    "Function",
    "clip_f32",
    "erf_f32",
    "exp_f32",
    "gelu_f32",
    "relu_f32",
    "sigmoid_f32",
    "tanh_f32",
]
