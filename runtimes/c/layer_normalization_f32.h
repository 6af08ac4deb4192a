/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LAYER_NORMALIZATION_F32_H
#define PUFFER_EDGE_LAYER_NORMALIZATION_F32_H
#include "base.h"
#include "sqrt_f32.h"

/* Per row of size: y = (x - mean) / sqrt(variance + epsilon) * scale + bias; biased variance around
 * the mean, both summed in order from 0. bias may be NULL; y may be x. */
PUFFER_EDGE_KERNEL void puffer_edge_layer_normalization_f32(const float *x, const float *scale,
                                                            const float *bias, float *y,
                                                            int32_t rows, int32_t size,
                                                            float epsilon)
{
    const float count = (float)size;
    for (; rows > 0; --rows) {
        float mean = 0.0f;
        float variance = 0.0f;
        for (int32_t i = 0; i < size; ++i) {
            mean += x[i];
        }
        mean /= count;
        for (int32_t i = 0; i < size; ++i) {
            const float centred = x[i] - mean;
            variance += centred * centred;
        }
        variance /= count;
        const float factor = 1.0f / puffer_edge_sqrt_f32(variance + epsilon);
        for (int32_t i = 0; i < size; ++i) {
            const float scaled = (x[i] - mean) * factor * PUFFER_EDGE_READ_F32(scale + i);
            y[i] = bias != NULL ? scaled + PUFFER_EDGE_READ_F32(bias + i) : scaled;
        }
        x += size;
        y += size;
    }
}
#endif
