/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC1_S8X16_H
#define PUFFER_EDGE_MAC1_S8X16_H
#include "mac_integer.h"

/* One row; the columns lie in the order of mac_s8x16.h. */
PUFFER_EDGE_KERNEL int32_t puffer_edge_mac1_s8x16(const int16_t *x, const int8_t *w, int32_t sum,
                                                  int32_t k_size)
{
    for (int32_t groups = k_size >> 2; groups > 0; --groups) {
#if defined(PUFFER_EDGE_DSP)
        const uint32_t bytes = puffer_edge_load_word(w);
        sum = puffer_edge_smlad(puffer_edge_sxtb16(bytes), puffer_edge_load_word(x), sum);
        sum = puffer_edge_smlad(puffer_edge_sxtb16_odd(bytes), puffer_edge_load_word(x + 2), sum);
#else
        sum += (int32_t)x[0] * PUFFER_EDGE_READ_S8(w) + (int32_t)x[2] * PUFFER_EDGE_READ_S8(w + 1) +
               (int32_t)x[1] * PUFFER_EDGE_READ_S8(w + 2) +
               (int32_t)x[3] * PUFFER_EDGE_READ_S8(w + 3);
#endif
        x += 4;
        w += 4;
    }
    for (int32_t k = k_size & 3; k > 0; --k) {
        sum += (int32_t)*x++ * PUFFER_EDGE_READ_S8(w++);
    }
    return sum;
}
#endif
