/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ERF_F32_H
#define PUFFER_EDGE_ERF_F32_H
#include "opaque_f32.h"

/* erf(x) ~ x P(x^2) / Q(x^2), in [-1, 1] for every input, odd. From |x| = 3.65 on x is replaced by
 * a point where the rational is exactly 1. Minimax fit: benchmarks/fit_functions.py. Max error
 * 4.7e-7 over all floats; NaN gives -1. */
static inline float puffer_edge_erf_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -3.65f ? x : -3.5936792f);
    const float u = puffer_edge_opaque_f32(above < 3.65f ? above : 3.5936792f);
    const float y = u * u;
    const float p =
        (((16.353527f * y + 437.51816f) * y + 3916.1543f) * y + 17488.63f) * y +
        71590.02f;
    const float q =
        ((((y + 111.0133f) * y + 1344.0911f) * y + 9344.17f) * y +
         36646.566f) * y + 63445.047f;
    return u * p / q;
}
#endif
