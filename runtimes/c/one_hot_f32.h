/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ONE_HOT_F32_H
#define PUFFER_EDGE_ONE_HOT_F32_H
#include "base.h"

/* y[i * classes + k] = 1 where k <= x[i] < k + 1, else 0. x and y must not overlap. */
PUFFER_EDGE_KERNEL void puffer_edge_one_hot_f32(const float *x, float *y, int32_t size,
                                                int32_t classes)
{
    for (int32_t i = 0; i < size; ++i) {
        for (int32_t k = 0; k < classes; ++k) {
            const float low = (float)k;
            *y++ = (float)((x[i] >= low) & (x[i] < low + 1.0f));
        }
    }
}
#endif
