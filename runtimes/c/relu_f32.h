/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_RELU_F32_H
#define PUFFER_EDGE_RELU_F32_H

/* max(x, 0), exact. NaN gives 0. */
static inline float puffer_edge_relu_f32(float x)
{
    return x > 0.0f ? x : 0.0f;
}
#endif
