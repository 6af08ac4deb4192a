/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GEMM_FLUSHED_F32_H
#define PUFFER_EDGE_GEMM_FLUSHED_F32_H
#include "mac_flushed_f32.h"

/* As gemm_f32, in floats as Helium has them. w holds 16 rows at a time, interleaved: w[k][0..15]; then
 * four at a time, of which the last may be filled up with rows of zeros. */
PUFFER_EDGE_KERNEL void puffer_edge_gemm_flushed_f32(const float *x, const float *w,
                                                     const float *start, float *y, int32_t k_size,
                                                     int32_t n_size)
{
    if (start == NULL) {
        memset(y, 0, (size_t)n_size * sizeof *y);
    } else {
        PUFFER_EDGE_COPY(y, start, (size_t)n_size * sizeof *y);
    }
    for (; n_size >= 16; n_size -= 16) {
        puffer_edge_mac_flushed_f32(x, w, y, k_size, 16);
        w += 16 * k_size;
        y += 16;
    }
    for (; n_size >= 4; n_size -= 4) {
        puffer_edge_mac_flushed_f32(x, w, y, k_size, 4);
        w += 4 * k_size;
        y += 4;
    }
    if (n_size > 0) {
        float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        memcpy(sums, y, (size_t)n_size * sizeof *y);
        puffer_edge_mac_flushed_f32(x, w, sums, k_size, 4);
        memcpy(y, sums, (size_t)n_size * sizeof *y);
    }
}
#endif
