/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_AT_LEAST_F32_H
#define PUFFER_EDGE_AT_LEAST_F32_H
#include "base.h"

/* How many elements are at least 0.5, as those of a mask that count as 1 are. */
PUFFER_EDGE_KERNEL int32_t puffer_edge_at_least_f32(const float *x, int32_t size)
{
    int32_t count = 0;
    for (int32_t i = 0; i < size; ++i) {
        count += x[i] >= 0.5f;
    }
    return count;
}
#endif
