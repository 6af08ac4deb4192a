/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_COPY_S16_H
#define PUFFER_EDGE_COPY_S16_H
#include "mac_integer.h"

/* Copies integers of 16 bits (a few), and returns where they end. */
static inline int16_t *puffer_edge_copy_s16(int16_t *to, const int16_t *from, int32_t count)
{
    for (; count >= 4; count -= 4) {
#if defined(PUFFER_EDGE_DSP)
        *(puffer_edge_word_t *)(void *)to = *(const puffer_edge_word_t *)(const void *)from;
        *(puffer_edge_word_t *)(void *)(to + 2) =
            *(const puffer_edge_word_t *)(const void *)(from + 2);
#else
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
        to[3] = from[3];
#endif
        to += 4;
        from += 4;
    }
    for (; count > 0; --count) {
        *to++ = *from++;
    }
    return to;
}
#endif
