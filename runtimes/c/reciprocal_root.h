/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_RECIPROCAL_ROOT_H
#define PUFFER_EDGE_RECIPROCAL_ROOT_H
#include "base.h"

/* What norms in integers share. */

/* Bits of a number that is not negative, below 2^31. */
static inline int32_t puffer_edge_bit_length(int32_t x)
{
    int32_t bits = 0;
    for (int32_t step = 16; step > 0; step >>= 1) {
        /* All ones where there is a bit above the next ones; without a jump. */
        const int32_t above = ((x >> step) - 1) >> 31;
        const int32_t taken = step & ~above;
        x >>= taken;
        bits += taken;
    }
    return bits + x;
}

static inline int32_t puffer_edge_shift_rounded(int32_t x, int32_t shift)
{
    return (x + ((INT32_C(1) << shift) >> 1)) >> shift;
}

/* 2^29 / sqrt(x << 2 left), which lies between 2^28 and 2^30: a table and straight lines. */
static inline int32_t puffer_edge_reciprocal_root(const int16_t *table, int32_t x, int32_t left)
{
    const int32_t place = (x << (2 * left)) - (INT32_C(1) << 28);
    const int16_t *entry = table + (place >> 22);
    const int32_t first = PUFFER_EDGE_READ_S16(entry), second = PUFFER_EDGE_READ_S16(entry + 1);
    return first - (((first - second) * ((place >> 8) & 16383) + 8192) >> 14);
}
#endif
