/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ARGMAX_S16_H
#define PUFFER_EDGE_ARGMAX_S16_H
#include "base.h"

/* Index of the largest element; the lowest index wins a tie. */
PUFFER_EDGE_KERNEL int32_t puffer_edge_argmax_s16(const int16_t *x, int32_t size)
{
    int32_t best = 0;
    for (int32_t i = 1; i < size; ++i) {
        best = x[i] > x[best] ? i : best;
    }
    return best;
}
#endif
