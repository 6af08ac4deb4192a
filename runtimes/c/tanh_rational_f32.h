/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_TANH_RATIONAL_F32_H
#define PUFFER_EDGE_TANH_RATIONAL_F32_H
#include "opaque_f32.h"

/* tanh(x) ~ x P(x^2) / Q(x^2) for |x| <= 8: never above 1 in magnitude, and exactly +-1 at
 * +-TANH_ONE_F32. Callers map every |x| >= 8 there, so that saturation costs no clamp of the
 * result. Minimax fit: benchmarks/fit_functions.py. Max error 4.3e-7. */
#define PUFFER_EDGE_TANH_BOUND_F32 8.0f
#define PUFFER_EDGE_TANH_ONE_F32 7.734097f

static inline float puffer_edge_tanh_rational_f32(float x)
{
    const float y = x * x;
    const float p =
        ((46.662468f * y + 12124.694f) * y + 532777.44f) * y + 4.1256912e6f;
    const float q =
        (((y + 977.9058f) * y + 98042.266f) * y + 1.9079991e6f) * y + 4125694.0f;
    return x * p / q;
}
#endif
