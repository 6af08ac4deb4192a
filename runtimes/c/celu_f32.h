/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CELU_F32_H
#define PUFFER_EDGE_CELU_F32_H
#include "elu_f32.h"

/* x for x > 0, alpha (exp(x / alpha) - 1) below; alpha is positive. Max error 2.8e-7 for alpha = 1;
 * NaN gives 0. */
static inline float puffer_edge_celu_f32(float x, float alpha)
{
    const float below = puffer_edge_opaque_f32(x < 0.0f ? x : 0.0f) / alpha;
    return puffer_edge_relu_f32(x) + puffer_edge_elu_f32(below, alpha);
}
#endif
