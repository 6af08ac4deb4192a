/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LEAKY_RELU_F32_H
#define PUFFER_EDGE_LEAKY_RELU_F32_H

/* x for x > 0, slope x below: exact, or one rounding. NaN stays NaN. */
static inline float puffer_edge_leaky_relu_f32(float x, float slope)
{
    return x > 0.0f ? x : slope * x;
}
#endif
