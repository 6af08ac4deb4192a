/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ELU_F32_H
#define PUFFER_EDGE_ELU_F32_H
#include "relu_f32.h"
#include "tanh_rational_f32.h"

/* x for x > 0, alpha (exp(x) - 1) below; exp(x) - 1 = 2 t / (1 - t) with t = tanh(x / 2) keeps its
 * accuracy near 0, and each part is 0 where the other one counts, so that no branch is needed. Max
 * error 2.8e-7 for alpha = 1; NaN gives -alpha. */
static inline float puffer_edge_elu_f32(float x, float alpha)
{
    const float half = 0.5f * x;
    const float above = puffer_edge_opaque_f32(
        half > -PUFFER_EDGE_TANH_BOUND_F32 ? half : -PUFFER_EDGE_TANH_ONE_F32);
    const float t =
        puffer_edge_tanh_rational_f32(puffer_edge_opaque_f32(above < 0.0f ? above : 0.0f));
    return puffer_edge_relu_f32(x) + alpha * (2.0f * t / (1.0f - t));
}
#endif
