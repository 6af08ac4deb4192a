/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SOFTMAX_PARAMETERS_H
#define PUFFER_EDGE_SOFTMAX_PARAMETERS_H
#include "reciprocal_root.h"

/* Shares of 2^15: y = 2^15 exp(x - max) / sum(exp(x - max)) over the middle axis of [outer, n, inner].
 * Distances count 4096ths; exp is a product of two tables of 15 bits, one of whole numbers and one of
 * 64ths with straight lines between, and 2^43 over the sum, at 2^29 to 2^30, another. */
typedef struct {
    const int16_t *powers, *reciprocals;
    int32_t multiplier, shift; /* distance * multiplier >> shift counts 4096ths */
} puffer_edge_softmax_t;

/* 2^15 exp(-distance), 0 from 12 on. */
static inline int32_t puffer_edge_softmax_power(int32_t distance, const puffer_edge_softmax_t *p)
{
    const int32_t counted = (distance * p->multiplier) >> p->shift;
    const int32_t x = counted < 49152 ? counted : 49151;
    const int16_t *entry = p->powers + 12 + ((x >> 6) & 63);
    const int32_t first = PUFFER_EDGE_READ_S16(entry), second = PUFFER_EDGE_READ_S16(entry + 1);
    const int32_t part = first - (((first - second) * (x & 63) + 32) >> 6);
    return (PUFFER_EDGE_READ_S16(p->powers + (x >> 12)) * part + (INT32_C(1) << 14)) >> 15;
}
#endif
