/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_COPY_S8_H
#define PUFFER_EDGE_COPY_S8_H
#include "dot_neon.h"
#include "dot_x86.h"
#include "mac_integer.h"

/* Copies integers of 8 bits to some of 16, and returns where they end. */
#if defined(PUFFER_EDGE_DSP)
__attribute__((always_inline))
#endif
static inline int16_t *puffer_edge_copy_s8(int16_t *to, const int8_t *from, int32_t count)
{
#if defined(PUFFER_EDGE_DSP)
    if (__builtin_constant_p(count) && (count & 3) == 0) { /* rows of an image, at -O3 */
        for (; count > 0; count -= 4) {
            uint32_t a = puffer_edge_load_word(from), b, c;
            __asm__("sxtb16 %[b], %[a]\n\tsxtb16 %[a], %[a], ror #8\n\t"
                    "pkhbt %[c], %[b], %[a], lsl #16\n\tpkhtb %[a], %[a], %[b], asr #16"
                    : [a] "+&r"(a), [b] "=&r"(b), [c] "=&r"(c));
            *(puffer_edge_word_t *)(void *)to = c;
            *(puffer_edge_word_t *)(void *)(to + 2) = a;
            to += 4;
            from += 4;
        }
        return to;
    }
    uint32_t a, b, c;
    __asm__ volatile(
        "subs %[count], %[count], #4\n\t"
        "blt 2f\n"
        "1:\n\t"
        "ldr %[a], [%[from]], #4\n\t"
        "sxtb16 %[b], %[a]\n\tsxtb16 %[a], %[a], ror #8\n\t"
        "pkhbt %[c], %[b], %[a], lsl #16\n\tpkhtb %[a], %[a], %[b], asr #16\n\t"
        "str %[c], [%[to]], #4\n\tstr %[a], [%[to]], #4\n\t"
        "subs %[count], %[count], #4\n\t"
        "bge 1b\n"
        "2:\n\t"
        "adds %[count], %[count], #4\n\t"
        "beq 4f\n"
        "3:\n\t"
        "ldrsb %[a], [%[from]], #1\n\tstrh %[a], [%[to]], #2\n\t"
        "subs %[count], %[count], #1\n\t"
        "bne 3b\n"
        "4:"
        : [to] "+r"(to), [from] "+r"(from), [count] "+r"(count), [a] "=&r"(a), [b] "=&r"(b),
          [c] "=&r"(c)
        :
        : "cc", "memory");
    return to;
#else
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
