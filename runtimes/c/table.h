/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_TABLE_H
#define PUFFER_EDGE_TABLE_H
#include "mac_integer.h"

/* Where a word holds two entries as they lie in memory, and compilers vectorise. */
#if defined(__GNUC__) && (defined(__SSE2__) || (defined(__aarch64__) && !defined(__AARCH64EB__))) && \
    !defined(PUFFER_EDGE_PORTABLE)
#define PUFFER_EDGE_WORDS
#endif

/* The entry at position >> bits and a straight line to the next one; the entry itself for bits = 0.
 * Entries differ by at most 17 bits and a fraction has at most 8. */
static inline int32_t puffer_edge_table_lookup(const int16_t *table, int32_t position, int32_t bits)
{
    const int32_t index = position >> bits;
    const int32_t fraction = position & ((INT32_C(1) << bits) - 1);
    const int32_t start = PUFFER_EDGE_READ_S16(table + index);
    if (bits == 0) {
        return start;
    }
    return start + (((PUFFER_EDGE_READ_S16(table + index + 1) - start) * fraction +
                     ((INT32_C(1) << bits) >> 1)) >>
                    bits);
}

/* The same for a position that may be negative, behind or before the entry that table is. */
static inline int32_t puffer_edge_table_value(const int16_t *table, int32_t position, int32_t bits)
{
#if defined(PUFFER_EDGE_DSP)
    /* Both entries in one word: (start * (2^bits - fraction) + next * fraction + 2^bits / 2) >> bits. */
    if (bits > 0) {
        const uint32_t one = UINT32_C(1) << bits, fraction = (uint32_t)position & (one - 1);
        const uint32_t parts = (fraction << 16) - fraction + one;
        return puffer_edge_smlad(puffer_edge_load_word(table + (position >> bits)), parts,
                                 (int32_t)(one >> 1)) >> bits;
    }
#endif
    return puffer_edge_table_lookup(table, position, bits);
}
#endif
