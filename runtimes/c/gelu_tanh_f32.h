/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GELU_TANH_F32_H
#define PUFFER_EDGE_GELU_TANH_F32_H
#include "tanh_rational_f32.h"

/* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, torch's GELU(approximate="tanh"). From
 * |x| = 4.86 on x is replaced by a point where the hyperbolic tangent is exactly 1, so that the
 * result is exactly x or 0: benchmarks/fit_functions.py. Max error 1e-6 + 2e-7 |result|; NaN gives
 * 0. */
static inline float puffer_edge_gelu_tanh_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -4.86f ? x : -4.78821f);
    const float u = puffer_edge_opaque_f32(above < 4.86f ? above : 4.78821f);
    const float inner = (0.035677407f * (u * u) + 0.7978846f) * u;
    return 0.5f * above * (puffer_edge_tanh_rational_f32(inner) + 1.0f);
}
#endif
