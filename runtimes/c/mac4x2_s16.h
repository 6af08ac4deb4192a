/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC4X2_S16_H
#define PUFFER_EDGE_MAC4X2_S16_H
#include "mac_s16.h"

/* mac4_s16 for two vectors: sum[0..3] is of x, sum[4..7] of the second vector, which starts at the
 * next even column behind the first. There is nothing to unpack, so nothing to share. */
static inline void puffer_edge_mac4x2_s16(const int16_t *x, const int16_t *w, const int32_t *bias,
                                          int32_t *sum, int32_t k_size)
{
    puffer_edge_mac4_s16(x, w, bias, sum, k_size);
    puffer_edge_mac4_s16(x + k_size + (k_size & 1), w, bias, sum + 4, k_size);
}
#endif
