#ifndef PUFFER_EDGE_TABLE_H
#define PUFFER_EDGE_TABLE_H
#include "base.h"

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
#endif
