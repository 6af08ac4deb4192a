/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_COPY_S16_H
#define PUFFER_EDGE_COPY_S16_H
#include "mac_integer.h"

/* Copies integers of 16 bits (a few), and returns where they end. */
#if defined(PUFFER_EDGE_DSP)
__attribute__((always_inline))
#endif
static inline int16_t *puffer_edge_copy_s16(int16_t *to, const int16_t *from, int32_t count)
{
#if defined(PUFFER_EDGE_DSP)
    if (__builtin_constant_p(count) && (count & 3) == 0) { /* rows of an image, at -O3 */
        for (; count > 0; count -= 4) {
            *(puffer_edge_word_t *)(void *)to = puffer_edge_load_word(from);
            *(puffer_edge_word_t *)(void *)(to + 2) = puffer_edge_load_word(from + 2);
            to += 4;
            from += 4;
        }
        return to;
    }
    uint32_t a, b;
    __asm__ volatile(
        "subs %[count], %[count], #4\n\t"
        "blt 2f\n"
        "1:\n\t"
        "ldr %[a], [%[from]], #4\n\tldr %[b], [%[from]], #4\n\t"
        "str %[a], [%[to]], #4\n\tstr %[b], [%[to]], #4\n\t"
        "subs %[count], %[count], #4\n\t"
        "bge 1b\n"
        "2:\n\t"
        "adds %[count], %[count], #4\n\t"
        "beq 4f\n"
        "3:\n\t"
        "ldrh %[a], [%[from]], #2\n\tstrh %[a], [%[to]], #2\n\t"
        "subs %[count], %[count], #1\n\t"
        "bne 3b\n"
        "4:"
        : [to] "+r"(to), [from] "+r"(from), [count] "+r"(count), [a] "=&r"(a), [b] "=&r"(b)
        :
        : "cc", "memory");
    return to;
#else
    for (; count >= 4; count -= 4) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
        to[3] = from[3];
        to += 4;
        from += 4;
    }
    for (; count > 0; --count) {
        *to++ = *from++;
    }
    return to;
#endif
}
#endif
