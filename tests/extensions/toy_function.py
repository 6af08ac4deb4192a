# SPDX-License-Identifier: MIT
"""A stranger's function, sinc, added as ARCHITECTURE.md says: files, and lines by place."""

TWIN = '''"""sinc, as torch has it."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.piecewise import abs_f32, relu_f32
from puffer_edge.ir.functions.registry import f32, register

PI = f32("0x1.921fb6p+1")
WHOLE = f32("0x1.8p+23")
S = [f32(c) for c in ("-0x1.4abbcep+2", "0x1.466bc6p+1", "-0x1.32d2ccp-1", "0x1.50783p-4",
                      "-0x1.e3074ep-8")]
FAR = f32("0x1p+21")


def _sinc(x: Array64) -> Array64:
    result: Array64 = np.sinc(x)
    return result


@register(_sinc, abs_error=4e-7, lipschitz=1.3704, torch="sinc",
          c="(x == 0 ? 1.0 : sin(3.14159265358979323846 * fmod(x, 2.0)) "
            "/ (3.14159265358979323846 * x))")
def sinc_f32(x: Array32) -> Array32:
    """``sin(pi x) / (pi x)``, 1 at 0; 0 from 2^21 on and for NaN."""
    above = np.where(x > -FAR, x, -FAR)
    u = np.where(above < FAR, above, FAR)
    n = (u + WHOLE) - WHOLE
    r = u - n
    odd = n - f32("0x1p+1") * ((n * f32("0x1p-1") + WHOLE) - WHOLE)
    q = r * r
    p = ((((S[4] * q + S[3]) * q + S[2]) * q + S[1]) * q + S[0]) * q + PI
    top = (f32("0x1p+0") - f32("0x1p+1") * (odd * odd)) * (r * p)
    tiny = relu_f32(f32("0x1p-60") - abs_f32(u) * f32("0x1p+40"))
    y: Array32 = (top + tiny) / (PI * u + tiny)
    return y
'''
KERNEL = '''#ifndef PUFFER_EDGE_SINC_F32_H
#define PUFFER_EDGE_SINC_F32_H
#include "abs_f32.h"
#include "opaque_f32.h"
#include "relu_f32.h"

/* sin(pi x) / (pi x), 1 at 0; 0 from 2^21 on and for NaN. Max error 4e-7. */
static inline float puffer_edge_sinc_f32(float x)
{
    const float whole = 0x1.8p+23f;
    const float above = puffer_edge_opaque_f32(x > -0x1p+21f ? x : -0x1p+21f);
    const float u = puffer_edge_opaque_f32(above < 0x1p+21f ? above : 0x1p+21f);
    const float n = (u + whole) - whole;
    const float r = u - n;
    const float odd = n - 2.0f * ((n * 0.5f + whole) - whole);
    const float q = r * r;
    const float p = ((((-0x1.e3074ep-8f * q + 0x1.50783p-4f) * q + -0x1.32d2ccp-1f) * q +
                      0x1.466bc6p+1f) * q + -0x1.4abbcep+2f) * q + 0x1.921fb6p+1f;
    const float top = (1.0f - 2.0f * (odd * odd)) * (r * p);
    const float tiny = puffer_edge_relu_f32(0x1p-60f - puffer_edge_abs_f32(u) * 0x1p+40f);
    return (top + tiny) / (0x1.921fb6p+1f * u + tiny);
}
#endif
'''
MADE_OF_OTHERS = '''@_makes
def _sinc(draft: Draft, x: str, y: str) -> None:
    u, n, half = draft.fresh("u"), draft.fresh("n"), draft.fresh("half")
    _clip(draft, x, u, -2.0**21, 2.0**21)
    _round(draft, u, n)
    _round(draft, draft.binary("mul", n, 0.5), half)
    odd = draft.binary("sub", n, draft.binary("mul", half, 2.0))
    sign = draft.binary("sub", draft.constant(1.0), draft.binary(
        "mul", draft.binary("mul", odd, odd), 2.0))
    r = draft.binary("sub", u, n)
    q = draft.binary("mul", r, r)
    p = draft.constant(S[4])
    for c in (*S[3::-1], PI):
        p = draft.binary("add", draft.binary("mul", q, p), float(c))
    top = draft.binary("mul", sign, draft.binary("mul", r, p))
    tiny = draft.unary("relu", draft.binary("sub", draft.constant(2.0**-60), draft.binary(
        "mul", draft.unary("abs", u), 2.0**40)))
    draft.binary("div", draft.binary("add", top, tiny), draft.binary(
        "add", draft.binary("mul", u, float(PI)), tiny), y)


'''
FILES = {"puffer_edge/ir/functions/sinc.py": TWIN, "runtimes/c/sinc_f32.h": KERNEL}
LINES = {"exporters/decompose/functions.py": (
    ("@_makes\ndef _silu", MADE_OF_OTHERS),
    ("from puffer_edge.ir.ops import Unary", "from puffer_edge.ir.functions.sinc import PI, S\n"))}
"""What lines come before, and the lines."""
