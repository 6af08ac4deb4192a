/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_REDUCE_F32_H
#define PUFFER_EDGE_REDUCE_F32_H
#include "base.h"

/* Over the middle axis of [outer, size, inner]; sums run in order from 0. */
PUFFER_EDGE_KERNEL void puffer_edge_reduce_sum_f32(const float *x, float *y, int32_t outer,
                                                   int32_t size, int32_t inner)
{
    for (; outer > 0; --outer, x += size * inner) {
        for (int32_t column = 0; column < inner; ++column) {
            float sum = 0.0f;
            for (int32_t i = 0; i < size; ++i) {
                sum += x[i * inner + column];
            }
            *y++ = sum;
        }
    }
}

PUFFER_EDGE_KERNEL void puffer_edge_reduce_mean_f32(const float *x, float *y, int32_t outer,
                                                    int32_t size, int32_t inner)
{
    const float count = (float)size;
    puffer_edge_reduce_sum_f32(x, y, outer, size, inner);
    for (int32_t i = 0; i < outer * inner; ++i) {
        y[i] /= count;
    }
}

PUFFER_EDGE_KERNEL void puffer_edge_reduce_max_f32(const float *x, float *y, int32_t outer,
                                                   int32_t size, int32_t inner)
{
    for (; outer > 0; --outer, x += size * inner) {
        for (int32_t column = 0; column < inner; ++column) {
            float largest = x[column];
            for (int32_t i = 1; i < size; ++i) {
                const float v = x[i * inner + column];
                largest = v > largest ? v : largest;
            }
            *y++ = largest;
        }
    }
}

PUFFER_EDGE_KERNEL void puffer_edge_reduce_min_f32(const float *x, float *y, int32_t outer,
                                                   int32_t size, int32_t inner)
{
    for (; outer > 0; --outer, x += size * inner) {
        for (int32_t column = 0; column < inner; ++column) {
            float smallest = x[column];
            for (int32_t i = 1; i < size; ++i) {
                const float v = x[i * inner + column];
                smallest = v < smallest ? v : smallest;
            }
            *y++ = smallest;
        }
    }
}
#endif
