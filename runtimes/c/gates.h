/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GATES_H
#define PUFFER_EDGE_GATES_H
#include "mac_integer.h"
#include "requantize.h"
#include "table.h"

/* 2^14 tanh(x / 2^12) from the table of tanh over [0, 8), 32 segments per unit; beyond, of the end. */
static inline int32_t puffer_edge_gate_tanh(const int16_t *table, int32_t x)
{
    const int32_t sign = x >> 31;
    const int32_t size = puffer_edge_saturate_u15((x ^ sign) - sign);
#if defined(PUFFER_EDGE_DSP)
    /* Both entries in one word: (start * (128 - fraction) + next * fraction + 64) >> 7. */
    const uint32_t fraction = (uint32_t)size & 127, parts = (fraction << 16) + 128 - fraction;
    const int32_t y = puffer_edge_smlad(puffer_edge_load_word(table + (size >> 7)), parts, 64) >> 7;
#else
    const int32_t y = puffer_edge_table_lookup(table, size, 7);
#endif
    return (y ^ sign) - sign;
}

/* 2^15 sigmoid(x / 2^11) = 2^14 (1 + tanh(x / 2^12)), at most 2^15 - 1. */
static inline int32_t puffer_edge_gate_sigmoid(const int16_t *table, int32_t x)
{
    return puffer_edge_saturate_u15(16384 + puffer_edge_gate_tanh(table, x));
}

/* A gate from its two sums; what it is for ends at the limits of 16 bits. */
static inline int32_t puffer_edge_gate_sum(int32_t over_x, const puffer_edge_requantize_t *q,
                                           int32_t over_h,
                                           const puffer_edge_requantize_t *recurrent_q)
{
    return PUFFER_EDGE_REQUANTIZE(over_h, recurrent_q, PUFFER_EDGE_REQUANTIZE(over_x, q, 0));
}
#endif
