/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SILU_F32_H
#define PUFFER_EDGE_SILU_F32_H
#include "tanh_rational_f32.h"

/* x / (1 + exp(-x)) = h (tanh(h) + 1) with h = x / 2; exactly x or 0 from |x| = 16 on. Max error
 * 3e-7 max(1, |x|); NaN gives 0. */
static inline float puffer_edge_silu_f32(float x)
{
    const float half = 0.5f * x;
    const float above = puffer_edge_opaque_f32(
        half > -PUFFER_EDGE_TANH_BOUND_F32 ? half : -PUFFER_EDGE_TANH_ONE_F32);
    const float u = puffer_edge_opaque_f32(
        above < PUFFER_EDGE_TANH_BOUND_F32 ? above : PUFFER_EDGE_TANH_ONE_F32);
    return above * (puffer_edge_tanh_rational_f32(u) + 1.0f);
}
#endif
