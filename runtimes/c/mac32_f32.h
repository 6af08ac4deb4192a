/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC32_F32_H
#define PUFFER_EDGE_MAC32_F32_H
#include "mac4_f32.h"

/* Eight mac4 side by side, for processors with vectors of four floats: y[4 * b + i] += sum over k of
 * x[k] * w[stride * b + 4 * k + i]. A vector holds the four outputs of a block, eight blocks hide the
 * latency of the additions, and every output is summed in mac4's order, product and sum rounded
 * separately: the same bits. NEON of 32-bit Arm flushes subnormals to zero, so it is left out. */
#if defined(__GNUC__) && (defined(__SSE2__) || defined(__aarch64__)) && \
    !defined(PUFFER_EDGE_PORTABLE)
#define PUFFER_EDGE_MAC32
typedef float __attribute__((vector_size(16), aligned(4), may_alias)) puffer_edge_f32x4_t;

PUFFER_EDGE_KERNEL void puffer_edge_mac32_f32(const float *x, const float *w, float *y,
                                              int32_t k_size, int32_t stride)
{
    puffer_edge_f32x4_t *const out = (puffer_edge_f32x4_t *)(void *)y;
    puffer_edge_f32x4_t y0 = out[0], y1 = out[1], y2 = out[2], y3 = out[3];
    puffer_edge_f32x4_t y4 = out[4], y5 = out[5], y6 = out[6], y7 = out[7];
    const float *const upper = w + 4 * stride;
    for (int32_t k = 0; k < 4 * k_size; k += 4) {
        const float v = *x++;
        const puffer_edge_f32x4_t all = {v, v, v, v};
#define PUFFER_EDGE_AT(address) (*(const puffer_edge_f32x4_t *)(const void *)(address))
        y0 += all * PUFFER_EDGE_AT(w + k);
        y1 += all * PUFFER_EDGE_AT(w + stride + k);
        y2 += all * PUFFER_EDGE_AT(w + 2 * stride + k);
        y3 += all * PUFFER_EDGE_AT(w + 3 * stride + k);
        y4 += all * PUFFER_EDGE_AT(upper + k);
        y5 += all * PUFFER_EDGE_AT(upper + stride + k);
        y6 += all * PUFFER_EDGE_AT(upper + 2 * stride + k);
        y7 += all * PUFFER_EDGE_AT(upper + 3 * stride + k);
#undef PUFFER_EDGE_AT
    }
    out[0] = y0;
    out[1] = y1;
    out[2] = y2;
    out[3] = y3;
    out[4] = y4;
    out[5] = y5;
    out[6] = y6;
    out[7] = y7;
}
#endif
#endif
