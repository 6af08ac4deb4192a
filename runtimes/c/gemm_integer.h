#ifndef PUFFER_EDGE_GEMM_INTEGER_H
#define PUFFER_EDGE_GEMM_INTEGER_H
#include "mac4_integer.h"
#include "requantize.h"

/* y[n] = clamp(requantize(bias[n] + sum over k of weight[n, k] * x[k]) + zero_point, low, high).
 *
 * w is packed as for gemm_f32: blocks of four rows, interleaved, then the rows that are left. */
#define PUFFER_EDGE_GEMM_INTEGER(NAME, MAC4, X, W)                                                 \
    PUFFER_EDGE_KERNEL void NAME(const X *x, const W *w, const int32_t *bias,                      \
                                 const puffer_edge_requantize_t *q, X *y, int32_t k_size,          \
                                 int32_t n_size, int32_t zero_point, int32_t low, int32_t high)    \
    {                                                                                              \
        for (int32_t block = n_size >> 2; block > 0; --block) {                                    \
            int32_t sum[4];                                                                        \
            memcpy(sum, bias, sizeof sum);                                                         \
            MAC4(x, w, sum, k_size);                                                               \
            for (int32_t i = 0; i < 4; ++i) {                                                      \
                *y++ = (X)clamp_s32(requantize(sum[i], q++) + zero_point, low, high);              \
            }                                                                                      \
            bias += 4;                                                                             \
            w += 4 * k_size;                                                                       \
        }                                                                                          \
        for (int32_t row = n_size & 3; row > 0; --row) {                                           \
            int32_t sum = *bias++;                                                                 \
            for (int32_t k = 0; k < k_size; ++k) {                                                 \
                sum += (int32_t)x[k] * *w++;                                                       \
            }                                                                                      \
            *y++ = (X)clamp_s32(requantize(sum, q++) + zero_point, low, high);                     \
        }                                                                                          \
    }
#endif
