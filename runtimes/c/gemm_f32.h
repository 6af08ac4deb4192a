/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GEMM_F32_H
#define PUFFER_EDGE_GEMM_F32_H
#include "mac1_f32.h"
#include "mac32_f32.h"
#include "mac4_f32.h"
#include "mac8_f32.h"
#include "mac_rest_f32.h"

/* y[n] = start[n] + sum over k of x[k] * weight[n, k].
 *
 * start is the bias, or y itself to go on with a sum, or NULL for zeros. w holds the weight in
 * blocks of four rows, interleaved: w[k][0..3] of rows 0..3, then rows 4..7...; the one to three
 * rows that are left follow one by one. x and y must not overlap. */
PUFFER_EDGE_KERNEL void puffer_edge_gemm_f32(const float *x, const float *w, const float *start,
                                             float *y, int32_t k_size, int32_t n_size)
{
#if defined(PUFFER_EDGE_MAC32)
    int32_t blocks = n_size >> 2, rows = n_size & 3;
    if (start == NULL) {
        memset(y, 0, (size_t)n_size * sizeof *y);
    } else if (start != y) {
        memcpy(y, start, (size_t)n_size * sizeof *y);
    }
    for (; blocks >= 8; blocks -= 8) {
        puffer_edge_mac32_f32(x, w, y, k_size, 4 * k_size);
        w += 32 * k_size;
        y += 32;
    }
    for (; blocks > 3; blocks -= 3) {
        puffer_edge_mac_rest_f32(x, w, y, k_size, 3, 0);
        w += 12 * k_size;
        y += 12;
    }
    puffer_edge_mac_rest_f32(x, w, y, k_size, blocks, rows);
#else
#if defined(__AVR__)
    if (start == NULL) {
        memset(y, 0, (size_t)n_size * sizeof *y);
    } else if (start != y) { /* constants are no memory, y is */
        PUFFER_EDGE_COPY(y, start, (size_t)n_size * sizeof *y);
    }
    start = y;
#elif defined(PUFFER_EDGE_MAC8) && !defined(PUFFER_EDGE_SMALL)
    if (start == NULL) {
        memset(y, 0, (size_t)n_size * sizeof *y);
        start = y;
    }
    for (; n_size >= 8; n_size -= 8) {
        puffer_edge_mac8_f32(x, w, 4 * k_size, start, y, k_size);
        w += 8 * k_size;
        start += 8;
        y += 8;
    }
#endif
    for (int32_t block = n_size >> 2; block > 0; --block) {
        for (int32_t i = 0; i < 4; ++i) {
            y[i] = start != NULL ? *start++ : 0.0f;
        }
        puffer_edge_mac4_f32(x, w, y, k_size);
        w += 4 * k_size;
        y += 4;
    }
    for (int32_t row = n_size & 3; row > 0; --row) {
        *y++ = puffer_edge_mac1_f32(x, w, start != NULL ? *start++ : 0.0f, k_size);
        w += k_size;
    }
#endif
}
#endif
