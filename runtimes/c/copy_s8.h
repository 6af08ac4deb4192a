/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_COPY_S8_H
#define PUFFER_EDGE_COPY_S8_H
#include "dot_neon.h"
#include "dot_x86.h"
#include "mac_integer.h"

/* Copies integers of 8 bits to some of 16, and returns where they end. */
static inline int16_t *puffer_edge_copy_s8(int16_t *to, const int8_t *from, int32_t count)
{
#if defined(PUFFER_EDGE_DOT)
    typedef int8_t __attribute__((vector_size(8), aligned(1), may_alias)) puffer_edge_from_t;
    typedef int16_t __attribute__((vector_size(16), aligned(2), may_alias)) puffer_edge_to_t;
    for (; count >= 8; count -= 8) {
        *(puffer_edge_to_t *)(void *)to = __builtin_convertvector(
            *(const puffer_edge_from_t *)(const void *)from, puffer_edge_to_t);
        to += 8;
        from += 8;
    }
#endif
    for (; count >= 4; count -= 4) {
#if defined(PUFFER_EDGE_DSP)
        const uint32_t bytes = *(const puffer_edge_word_t *)(const void *)from;
        const uint32_t even = puffer_edge_sxtb16(bytes), odd = puffer_edge_sxtb16_odd(bytes);
        *(puffer_edge_word_t *)(void *)to = (even & 0xffffu) | odd << 16;
        *(puffer_edge_word_t *)(void *)(to + 2) = even >> 16 | (odd & 0xffff0000u);
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
