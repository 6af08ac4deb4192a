#ifndef PUFFER_EDGE_MAC4_INTEGER_H
#define PUFFER_EDGE_MAC4_INTEGER_H
#include "base.h"

/* sum[i] += sum over k of x[k] * w[4 * k + i] for i = 0..3, defined for one pair of types: integer
 * sums are exact in any order, so only the types differ between the schemes. */
#define PUFFER_EDGE_MAC4_INTEGER(NAME, X, W)                                                       \
    PUFFER_EDGE_KERNEL void NAME(const X *x, const W *w, int32_t *sum, int32_t k_size)             \
    {                                                                                              \
        int32_t s0 = sum[0], s1 = sum[1], s2 = sum[2], s3 = sum[3];                                \
        for (int32_t k = k_size; k > 0; --k) {                                                     \
            const int32_t v = *x++;                                                                \
            s0 += v * w[0];                                                                        \
            s1 += v * w[1];                                                                        \
            s2 += v * w[2];                                                                        \
            s3 += v * w[3];                                                                        \
            w += 4;                                                                                \
        }                                                                                          \
        sum[0] = s0;                                                                               \
        sum[1] = s1;                                                                               \
        sum[2] = s2;                                                                               \
        sum[3] = s3;                                                                               \
    }
#endif
