/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ARGMAX_F32_H
#define PUFFER_EDGE_ARGMAX_F32_H
#include "base.h"

/* Index of the largest element; the lowest index wins a tie. */
PUFFER_EDGE_KERNEL int32_t puffer_edge_argmax_f32(const float *x, int32_t size)
{
    int32_t best = 0;
    float largest = x[0];
    for (int32_t i = 1; i < size; ++i) {
        const int better = x[i] > largest;
        best = better ? i : best;
        largest = better ? x[i] : largest;
    }
    return best;
}
#endif
