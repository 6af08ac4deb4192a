/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SOFTMAX_F32_H
#define PUFFER_EDGE_SOFTMAX_F32_H
#include "base.h"
#include "exp_f32.h"

/* y = exp(x - max) / sum(exp(x - max)) over the middle axis of [outer, size, inner]. y may be x. */
PUFFER_EDGE_KERNEL void puffer_edge_softmax_f32(const float *x, float *y, int32_t outer,
                                                int32_t size, int32_t inner)
{
    for (; outer > 0; --outer) {
        for (int32_t column = 0; column < inner; ++column) {
            float largest = x[column];
            float sum = 0.0f;
            for (int32_t i = 1; i < size; ++i) {
                const float v = x[i * inner + column];
                largest = v > largest ? v : largest;
            }
            for (int32_t i = 0; i < size; ++i) {
                const float power = puffer_edge_exp_f32(x[i * inner + column] - largest);
                y[i * inner + column] = power;
                sum += power;
            }
            for (int32_t i = 0; i < size; ++i) {
                y[i * inner + column] /= sum;
            }
        }
        x += size * inner;
        y += size * inner;
    }
}
#endif
