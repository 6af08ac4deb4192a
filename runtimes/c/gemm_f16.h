/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GEMM_F16_H
#define PUFFER_EDGE_GEMM_F16_H
#include "mac4_f16.h"

/* As gemm_f32, bit for bit, from weights that are halves. */
PUFFER_EDGE_KERNEL void puffer_edge_gemm_f16(const float *x, const uint16_t *w, const float *start,
                                             float *y, int32_t k_size, int32_t n_size)
{
#if defined(__AVR__)
    if (start == NULL) {
        memset(y, 0, (size_t)n_size * sizeof *y);
    } else if (start != y) { /* constants are no memory, y is */
        PUFFER_EDGE_COPY(y, start, (size_t)n_size * sizeof *y);
    }
    start = y;
#elif defined(PUFFER_EDGE_MAC8_F16)
    if (start == NULL) {
        memset(y, 0, (size_t)n_size * sizeof *y);
        start = y;
    }
    for (; n_size >= 8; n_size -= 8) {
        puffer_edge_mac8_f16(x, w, 4 * k_size, start, y, k_size);
        w += 8 * k_size;
        start += 8;
        y += 8;
    }
#endif
    for (int32_t block = n_size >> 2; block > 0; --block) {
        for (int32_t i = 0; i < 4; ++i) {
            y[i] = start != NULL ? *start++ : 0.0f;
        }
        puffer_edge_mac4_f16(x, w, y, k_size);
        w += 4 * k_size;
        y += 4;
    }
    for (int32_t row = n_size & 3; row > 0; --row) {
        *y++ = puffer_edge_mac1_f16(x, w, start != NULL ? *start++ : 0.0f, k_size);
        w += k_size;
    }
}
#endif
