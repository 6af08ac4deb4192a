#ifndef PUFFER_EDGE_MAC64_F32_H
#define PUFFER_EDGE_MAC64_F32_H
#include "base.h"

/* y[i] += sum over k of x[k] * w[64 * k + i], for 64 outputs at once: eight vectors of eight floats,
 * which hide the latency of the additions, over weights that lie in the order in which they are read.
 * Every output is summed in the order of mac4_f32, product and sum rounded separately: the same bits.
 * For computers with GNU C only. */
typedef float __attribute__((vector_size(32), aligned(4), may_alias)) puffer_edge_f32x8_t;

PUFFER_EDGE_KERNEL void puffer_edge_mac64_f32(const float *x, const float *w, float *y,
                                              int32_t k_size)
{
    puffer_edge_f32x8_t *const out = (puffer_edge_f32x8_t *)(void *)y;
    puffer_edge_f32x8_t y0 = out[0], y1 = out[1], y2 = out[2], y3 = out[3];
    puffer_edge_f32x8_t y4 = out[4], y5 = out[5], y6 = out[6], y7 = out[7];
    for (int32_t k = 0; k < k_size; ++k) {
        const puffer_edge_f32x8_t *const row = (const puffer_edge_f32x8_t *)(const void *)w;
        const float v = x[k];
        const puffer_edge_f32x8_t all = {v, v, v, v, v, v, v, v};
        y0 += all * row[0];
        y1 += all * row[1];
        y2 += all * row[2];
        y3 += all * row[3];
        y4 += all * row[4];
        y5 += all * row[5];
        y6 += all * row[6];
        y7 += all * row[7];
        w += 64;
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
