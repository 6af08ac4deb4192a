/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GELU_F32_H
#define PUFFER_EDGE_GELU_F32_H
#include "opaque_f32.h"

/* x Phi(x) with the normal distribution Phi(x) = (1 + erf(x / sqrt(2))) / 2, which is about
 * 1/2 + u P(u^2) / Q(u^2). From |x| = 5.05 on u is a point where the rational is exactly 1/2, so
 * that the result is exactly x or 0. Minimax fit: benchmarks/fit_functions.py. Max error
 * 5.4e-7 max(1, |x|) over all floats; NaN gives 0. */
static inline float puffer_edge_gelu_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -5.05f ? x : -4.927597f);
    const float u = puffer_edge_opaque_f32(above < 5.05f ? above : 4.927597f);
    const float y = u * u;
    const float p =
        ((((-3.4209324e-6f * y + 0.00028897414f) * y + 0.01803575f) * y +
          3.525644f) * y + 23.261442f) * y + 384.47446f;
    const float q = ((y + 21.192606f) * y + 218.96434f) * y + 963.7253f;
    return above * (u * p / q + 0.5f);
}
#endif
