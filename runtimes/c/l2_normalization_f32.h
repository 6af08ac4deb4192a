/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_L2_NORMALIZATION_F32_H
#define PUFFER_EDGE_L2_NORMALIZATION_F32_H
#include "base.h"
#include "sqrt_f32.h"

/* Per row of size: y = x / max(floor, sqrt(squares / count + epsilon)), the squares summed in order
 * from 0; count is 1 for the L2 norm, size for the RMS norm. y may be x. */
PUFFER_EDGE_KERNEL void puffer_edge_l2_normalization_f32(const float *x, float *y, int32_t rows,
                                                         int32_t size, float count, float epsilon,
                                                         float floor)
{
    for (; rows > 0; --rows) {
        float squares = 0.0f;
        for (int32_t i = 0; i < size; ++i) {
            squares += x[i] * x[i];
        }
        squares /= count;
        const float root = puffer_edge_sqrt_f32(squares + epsilon);
        const float factor = 1.0f / (root > floor ? root : floor);
        for (int32_t i = 0; i < size; ++i) {
            y[i] = x[i] * factor;
        }
        x += size;
        y += size;
    }
}
#endif
