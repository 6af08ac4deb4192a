/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GATES16_H
#define PUFFER_EDGE_GATES16_H
#include "gates.h"
#include "sixteen.h"

/* gates.h for sixteen gates at once. */
#if defined(PUFFER_EDGE_DOT16)
/* Two entries of a table in a word, from each position on. */
static inline puffer_edge_s32x16_t puffer_edge_entries16(const int16_t *table,
                                                         puffer_edge_s32x16_t at)
{
    puffer_edge_s32x16_t found;
#if defined(__AVX512F__)
    found = (puffer_edge_s32x16_t)_mm512_i32gather_epi32((__m512i)at, table, 2);
#else
    for (int32_t i = 0; i < 16; ++i) {
        int32_t word;
        memcpy(&word, table + at[i], sizeof word);
        found[i] = word;
    }
#endif
    return found;
}

static inline puffer_edge_s32x16_t puffer_edge_gate_tanh16(const int16_t *table,
                                                           puffer_edge_s32x16_t x)
{
    const puffer_edge_s32x16_t sign = x >> 31;
    const puffer_edge_s32x16_t size = puffer_edge_clamp16((x ^ sign) - sign, 0, 32767);
    const puffer_edge_s32x16_t entries = puffer_edge_entries16(table, size >> 7);
    const puffer_edge_s32x16_t start = entries << 16 >> 16, next = entries >> 16;
    const puffer_edge_s32x16_t y = start + (((next - start) * (size & 127) + 64) >> 7);
    return (y ^ sign) - sign;
}

static inline puffer_edge_s32x16_t puffer_edge_gate_sigmoid16(const int16_t *table,
                                                              puffer_edge_s32x16_t x)
{
    return puffer_edge_clamp16(16384 + puffer_edge_gate_tanh16(table, x), 0, 32767);
}

/* gate_sum of sixteen. */
static inline puffer_edge_s32x16_t puffer_edge_gate_sum16(const int32_t *over_x,
                                                          const puffer_edge_requantize_t *q,
                                                          const int32_t *over_h,
                                                          const puffer_edge_requantize_t *recurrent_q)
{
    const puffer_edge_s32x16_t zero = {0};
    return puffer_edge_ratio16(over_h, recurrent_q, puffer_edge_ratio16(over_x, q, zero));
}
#endif
#endif
