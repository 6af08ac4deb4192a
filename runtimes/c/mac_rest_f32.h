/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_REST_F32_H
#define PUFFER_EDGE_MAC_REST_F32_H
#include "mac32_f32.h"

#if defined(PUFFER_EDGE_MAC32)
/* What mac32 leaves: at most three blocks of four rows, then at most three rows by themselves, all in
 * one pass, as each sum alone would wait for its own additions. Pointers of what is absent stay where
 * something may be read, and the sums are dropped. */
PUFFER_EDGE_KERNEL void puffer_edge_mac_rest_f32(const float *x, const float *w, float *y,
                                                 int32_t k_size, int32_t blocks, int32_t rows)
{
    puffer_edge_f32x4_t *const out = (puffer_edge_f32x4_t *)(void *)y;
    const puffer_edge_f32x4_t zero = {0.0f, 0.0f, 0.0f, 0.0f};
    const float *const b0 = blocks > 0 ? w : NULL;
    const float *const b1 = blocks > 1 ? w + 4 * k_size : b0;
    const float *const b2 = blocks > 2 ? w + 8 * k_size : b0;
    const float *const single = w + 4 * blocks * k_size;
    const float *const r0 = rows > 0 ? single : x;
    const float *const r1 = rows > 1 ? single + k_size : x;
    const float *const r2 = rows > 2 ? single + 2 * k_size : x;
    float *const last = y + 4 * blocks;
    float s0 = rows > 0 ? last[0] : 0.0f, s1 = rows > 1 ? last[1] : 0.0f;
    float s2 = rows > 2 ? last[2] : 0.0f;
    if (blocks > 0) {
        puffer_edge_f32x4_t y0 = out[0], y1 = blocks > 1 ? out[1] : zero;
        puffer_edge_f32x4_t y2 = blocks > 2 ? out[2] : zero;
        for (int32_t k = 0; k < k_size; ++k) {
            const float v = x[k];
            const puffer_edge_f32x4_t all = {v, v, v, v};
            y0 += all * *(const puffer_edge_f32x4_t *)(const void *)(b0 + 4 * k);
            y1 += all * *(const puffer_edge_f32x4_t *)(const void *)(b1 + 4 * k);
            y2 += all * *(const puffer_edge_f32x4_t *)(const void *)(b2 + 4 * k);
            s0 += v * r0[k];
            s1 += v * r1[k];
            s2 += v * r2[k];
        }
        out[0] = y0;
        if (blocks > 1) {
            out[1] = y1;
        }
        if (blocks > 2) {
            out[2] = y2;
        }
    } else {
        for (int32_t k = 0; k < k_size; ++k) {
            s0 += x[k] * r0[k];
            s1 += x[k] * r1[k];
            s2 += x[k] * r2[k];
        }
    }
    if (rows > 0) {
        last[0] = s0;
    }
    if (rows > 1) {
        last[1] = s1;
    }
    if (rows > 2) {
        last[2] = s2;
    }
}
#endif
#endif
