/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_AT_LEAST_S8_H
#define PUFFER_EDGE_AT_LEAST_S8_H
#include "base.h"

/* How many elements are at least their limits, which are step apart: those that count as 1. */
PUFFER_EDGE_KERNEL int32_t puffer_edge_at_least_s8(const int8_t *x, const int32_t *limits,
                                                   int32_t step, int32_t size)
{
    int32_t count = 0;
    for (int32_t i = 0; i < size; ++i) {
        count += x[i] >= PUFFER_EDGE_READ_S32(limits + step * i);
    }
    return count;
}
#endif
