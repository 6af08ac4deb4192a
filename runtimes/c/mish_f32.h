/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MISH_F32_H
#define PUFFER_EDGE_MISH_F32_H
#include "exp_f32.h"

/* x tanh(softplus(x)) = x n / (n + 2) with n = w (w + 2), w = exp(x). From x = 20 on the factor is
 * exactly 1. Max error 6e-7 |result| + 1.1e-36; NaN gives -1e-36. */
static inline float puffer_edge_mish_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -88.0f ? x : -88.0f);
    const float w = puffer_edge_exp_f32(puffer_edge_opaque_f32(above < 20.0f ? above : 20.0f));
    const float n = w * (w + 2.0f);
    return above * (n / (n + 2.0f));
}
#endif
