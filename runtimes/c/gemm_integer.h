#ifndef PUFFER_EDGE_GEMM_INTEGER_H
#define PUFFER_EDGE_GEMM_INTEGER_H
#include "requantize.h"

/* y[n] = clamp(requantize(bias[n] + sum over k of weight[n, k] * x[k]) + zero_point, low, high).
 *
 * TYPES are those of x and w, see mac_<types>.h; NAME also says that of y where it is not x's.
 * w is packed as mac_<types>.h says: blocks of four rows, then the rows that are left. The rounding
 * of the first shift is in the bias. */
#define PUFFER_EDGE_GEMM_INTEGER(NAME, TYPES, X, W, Y)                                             \
    PUFFER_EDGE_KERNEL void puffer_edge_gemm_##NAME(const X *x, const W *w, const int32_t *bias,               \
                                        const puffer_edge_requantize_t *q, Y *y, int32_t k_size,   \
                                        int32_t n_size, int32_t zero_point, int32_t low,           \
                                        int32_t high)                                              \
    {                                                                                              \
        for (int32_t block = n_size >> 2; block > 0; --block) {                                    \
            int32_t sum[4];                                                                        \
            puffer_edge_mac4_##TYPES(x, w, bias, sum, k_size);                                                 \
            y[0] = (Y)puffer_edge_clamp_s32(puffer_edge_requantize(sum[0], q, zero_point), low, high);                     \
            y[1] = (Y)puffer_edge_clamp_s32(puffer_edge_requantize(sum[1], q + 1, zero_point), low, high);                 \
            y[2] = (Y)puffer_edge_clamp_s32(puffer_edge_requantize(sum[2], q + 2, zero_point), low, high);                 \
            y[3] = (Y)puffer_edge_clamp_s32(puffer_edge_requantize(sum[3], q + 3, zero_point), low, high);                 \
            bias += 4;                                                                             \
            q += 4;                                                                                \
            y += 4;                                                                                \
            w += 4 * k_size;                                                                       \
        }                                                                                          \
        for (int32_t row = n_size & 3; row > 0; --row) {                                           \
            const int32_t sum = puffer_edge_mac1_##TYPES(x, w, *bias++, k_size);                               \
            *y++ = (Y)puffer_edge_clamp_s32(puffer_edge_requantize(sum, q++, zero_point), low, high);                      \
            w += k_size;                                                                           \
        }                                                                                          \
    }
#endif
