/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_REQUANTIZE4_H
#define PUFFER_EDGE_REQUANTIZE4_H
#include "requantize.h"

/* y[i] = clamp(requantize(sum[i], q + i, zero_point), low, high) for i = 0..3. */
#if defined(PUFFER_EDGE_DSP)
/* Two outputs per load, and two or four per clamp and store. q lies at a word. */
#define PUFFER_EDGE_REQUANTIZE_TWO(AT, BITS)                                          \
    "ldrd %[a], %[b], [%[sum], #" AT "]\n\tldrd %[p], %[q], [%[ratio], #" AT "]\n\t"  \
    "asr %[a], %[a], %[p]\n\tasrs %[m], %[p], #16\n\tlsr %[p], %[p], #8\n\t"          \
    "mul %[a], %[a], %[m]\n\tasrs %[a], %[a], %[p]\n\tadc %[a], %[a], %[offset]\n\t"  \
    "asr %[b], %[b], %[q]\n\tasrs %[m], %[q], #16\n\tlsr %[q], %[q], #8\n\t"          \
    "mul %[b], %[b], %[m]\n\tasrs %[b], %[b], %[q]\n\tadc %[b], %[b], %[offset]\n\t"  \
    "ssat %[a], #" BITS ", %[a]\n\tssat %[b], #" BITS ", %[b]\n\t"
#define PUFFER_EDGE_REQUANTIZE_TEMPORARY                                              \
    [b] "=&r"(b), [p] "=&r"(p), [q] "=&r"(second), [m] "=&r"(m)
#define PUFFER_EDGE_REQUANTIZE_INPUT [sum] "r"(sum), [ratio] "r"(q), [offset] "r"(zero_point)

static inline void puffer_edge_requantize4_s16(const int32_t *sum,
                                               const puffer_edge_requantize_t *q, int16_t *y,
                                               int32_t zero_point, int32_t low, int32_t high)
{
    const uint32_t lows = (uint32_t)low << 16 | ((uint32_t)low & 0xffffu);
    const uint32_t highs = (uint32_t)high << 16 | ((uint32_t)high & 0xffffu);
    uint32_t a, b, p, second, m;
#define PUFFER_EDGE_TWO(AT)                                                           \
    __asm__ volatile(PUFFER_EDGE_REQUANTIZE_TWO(AT, "16")                             \
                     "pkhbt %[a], %[a], %[b], lsl #16\n\t"                            \
                     "ssub16 %[m], %[a], %[low]\n\tsel %[a], %[a], %[low]\n\t"        \
                     "ssub16 %[m], %[high], %[a]\n\tsel %[a], %[a], %[high]"          \
                     : [a] "=&r"(a), PUFFER_EDGE_REQUANTIZE_TEMPORARY                 \
                     : PUFFER_EDGE_REQUANTIZE_INPUT, [low] "r"(lows), [high] "r"(highs) \
                     : "cc", "memory")
    PUFFER_EDGE_TWO("0");
    *(puffer_edge_word_t *)(void *)y = a;
    PUFFER_EDGE_TWO("8");
    *(puffer_edge_word_t *)(void *)(y + 2) = a;
#undef PUFFER_EDGE_TWO
}

static inline void puffer_edge_requantize4_s8(const int32_t *sum,
                                              const puffer_edge_requantize_t *q, int8_t *y,
                                              int32_t zero_point, int32_t low, int32_t high)
{
    const uint32_t lows = ((uint32_t)low & 0xffu) * 0x01010101u;
    const uint32_t highs = ((uint32_t)high & 0xffu) * 0x01010101u;
    uint32_t a, b, p, second, m, bytes;
    __asm__ volatile(PUFFER_EDGE_REQUANTIZE_TWO("0", "8")
                     "bfi %[a], %[b], #8, #8"
                     : [a] "=&r"(bytes), PUFFER_EDGE_REQUANTIZE_TEMPORARY
                     : PUFFER_EDGE_REQUANTIZE_INPUT
                     : "cc", "memory");
    __asm__ volatile(PUFFER_EDGE_REQUANTIZE_TWO("8", "8")
                     "bfi %[bytes], %[a], #16, #8\n\tbfi %[bytes], %[b], #24, #8"
                     : [bytes] "+&r"(bytes), [a] "=&r"(a), PUFFER_EDGE_REQUANTIZE_TEMPORARY
                     : PUFFER_EDGE_REQUANTIZE_INPUT
                     : "cc", "memory");
    if (!__builtin_constant_p(low == -128 && high == 127) || low != -128 || high != 127) {
        __asm__("ssub8 %[m], %[bytes], %[low]\n\tsel %[bytes], %[bytes], %[low]\n\t"
                "ssub8 %[m], %[high], %[bytes]\n\tsel %[bytes], %[bytes], %[high]"
                : [bytes] "+&r"(bytes), [m] "=&r"(m)
                : [low] "r"(lows), [high] "r"(highs));
    }
    *(puffer_edge_word_t *)(void *)y = bytes;
}
#else
#define PUFFER_EDGE_REQUANTIZE_ONE(TYPE, I)           \
    y[I] = (TYPE)puffer_edge_clamp_s32(               \
        PUFFER_EDGE_REQUANTIZE(sum[I], q + (I), zero_point), low, high)

static inline void puffer_edge_requantize4_s16(const int32_t *sum,
                                               const puffer_edge_requantize_t *q, int16_t *y,
                                               int32_t zero_point, int32_t low, int32_t high)
{
    PUFFER_EDGE_REQUANTIZE_ONE(int16_t, 0);
    PUFFER_EDGE_REQUANTIZE_ONE(int16_t, 1);
    PUFFER_EDGE_REQUANTIZE_ONE(int16_t, 2);
    PUFFER_EDGE_REQUANTIZE_ONE(int16_t, 3);
}

static inline void puffer_edge_requantize4_s8(const int32_t *sum,
                                              const puffer_edge_requantize_t *q, int8_t *y,
                                              int32_t zero_point, int32_t low, int32_t high)
{
    PUFFER_EDGE_REQUANTIZE_ONE(int8_t, 0);
    PUFFER_EDGE_REQUANTIZE_ONE(int8_t, 1);
    PUFFER_EDGE_REQUANTIZE_ONE(int8_t, 2);
    PUFFER_EDGE_REQUANTIZE_ONE(int8_t, 3);
}
#endif
#endif
