#ifndef PUFFER_EDGE_ALL_FINITE_F32_H
#define PUFFER_EDGE_ALL_FINITE_F32_H
#include "base.h"

/* 1 if no element is NaN or infinite. A finite number times 0 is 0, NaN and infinity times 0 are
 * NaN, and a sum with a NaN in it stays NaN: no branch depends on the data. */
PUFFER_EDGE_KERNEL int puffer_edge_all_finite_f32(const float *x, int32_t size)
{
    float sum = 0.0f;
    for (; size >= 4; size -= 4, x += 4) {
        sum += x[0] * 0.0f;
        sum += x[1] * 0.0f;
        sum += x[2] * 0.0f;
        sum += x[3] * 0.0f;
    }
    for (; size > 0; --size) {
        sum += *x++ * 0.0f;
    }
    return sum == 0.0f;
}
#endif
