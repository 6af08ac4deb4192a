/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ALL_FINITE_WIDE_F32_H
#define PUFFER_EDGE_ALL_FINITE_WIDE_F32_H
#include "vectors_f32.h"

/* all_finite_f32 for computers: the same sums, several side by side. */
PUFFER_EDGE_KERNEL int puffer_edge_all_finite_wide_f32(const float *x, int32_t size)
{
    enum { PUFFER_EDGE_WIDTH = (int)(sizeof(puffer_edge_f32x16_t) / sizeof(float)) };
    const puffer_edge_f32x16_t zero = {0.0f};
    puffer_edge_f32x16_t even = zero, odd = zero;
    float sum = 0.0f;
    for (; size >= 2 * PUFFER_EDGE_WIDTH; size -= 2 * PUFFER_EDGE_WIDTH) {
        const puffer_edge_f32x16_t *const v = (const puffer_edge_f32x16_t *)(const void *)x;
        even += v[0] * zero;
        odd += v[1] * zero;
        x += 2 * PUFFER_EDGE_WIDTH;
    }
    even += odd;
    for (int32_t i = 0; i < PUFFER_EDGE_WIDTH; ++i) {
        sum += even[i];
    }
    for (; size > 0; --size) {
        sum += *x++ * 0.0f;
    }
    return sum == 0.0f;
}
#endif
