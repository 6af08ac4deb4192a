/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_QUANTIZE4_H
#define PUFFER_EDGE_QUANTIZE4_H
#include "quantize_f32.h"

#if defined(PUFFER_EDGE_VFP) && defined(PUFFER_EDGE_DSP)
#define PUFFER_EDGE_QUANTIZE4
/* Four of quantize_f32. A conversion to 16 bits without a sign cuts off and saturates, and makes 0 of
 * NaN; the highest bit turned over subtracts 32768. first has y[0] and y[1] as halves, or
 * y[0] and y[2] where apart; second the other two. */
static inline void puffer_edge_quantize_halves(const float *x, float factor, float offset,
                                               int32_t low, int32_t high, int apart,
                                               uint32_t *first, uint32_t *second)
{
    const uint32_t lows = (uint32_t)low << 16 | ((uint32_t)low & 0xffffu);
    const uint32_t highs = (uint32_t)high << 16 | ((uint32_t)high & 0xffffu);
    uint32_t a, b, c, d;
    __asm__ volatile(
        "vldmia.32 %[x], {s0-s3}\n\t"
        "vmul.f32 s0, s0, %[factor]\n\tvmul.f32 s1, s1, %[factor]\n\t"
        "vmul.f32 s2, s2, %[factor]\n\tvmul.f32 s3, s3, %[factor]\n\t"
        "vadd.f32 s0, s0, %[offset]\n\tvadd.f32 s1, s1, %[offset]\n\t"
        "vadd.f32 s2, s2, %[offset]\n\tvadd.f32 s3, s3, %[offset]\n\t"
        "vadd.f32 s0, s0, %[half]\n\tvadd.f32 s1, s1, %[half]\n\t"
        "vadd.f32 s2, s2, %[half]\n\tvadd.f32 s3, s3, %[half]\n\t"
        "vcvt.u16.f32 s0, s0, #0\n\tvcvt.u16.f32 s1, s1, #0\n\t"
        "vcvt.u16.f32 s2, s2, #0\n\tvcvt.u16.f32 s3, s3, #0\n\t"
        "vmov %[a], %[b], s0, s1\n\tvmov %[c], %[d], s2, s3"
        : [a] "=r"(a), [b] "=r"(b), [c] "=r"(c), [d] "=r"(d)
        : [x] "r"(x), [factor] "t"(factor), [offset] "t"(offset), [half] "t"(32768.5f)
        : "s0", "s1", "s2", "s3", "memory");
    a |= (apart ? c : b) << 16;
    b = (apart ? b : c) | d << 16;
    a ^= UINT32_C(0x80008000);
    b ^= UINT32_C(0x80008000);
    if (__builtin_constant_p(low == -128 && high == 127) && low == -128 && high == 127) {
        __asm__("ssat16 %[a], #8, %[a]\n\tssat16 %[b], #8, %[b]" : [a] "+r"(a), [b] "+r"(b));
        *first = a;
        *second = b;
        return;
    }
    __asm__("ssub16 %[c], %[a], %[low]\n\tsel %[a], %[a], %[low]\n\t"
            "ssub16 %[c], %[high], %[a]\n\tsel %[a], %[a], %[high]\n\t"
            "ssub16 %[c], %[b], %[low]\n\tsel %[b], %[b], %[low]\n\t"
            "ssub16 %[c], %[high], %[b]\n\tsel %[b], %[b], %[high]"
            : [a] "+&r"(a), [b] "+&r"(b), [c] "=&r"(c)
            : [low] "r"(lows), [high] "r"(highs));
    *first = a;
    *second = b;
}

static inline void puffer_edge_quantize4_s16(const float *x, int16_t *y, float factor, float offset,
                                             int32_t low, int32_t high)
{
    uint32_t first, second;
    puffer_edge_quantize_halves(x, factor, offset, low, high, 0, &first, &second);
    *(puffer_edge_word_t *)(void *)y = first;
    *(puffer_edge_word_t *)(void *)(y + 2) = second;
}

static inline void puffer_edge_quantize4_s8(const float *x, int8_t *y, float factor, float offset,
                                            int32_t low, int32_t high)
{
    uint32_t even, odd;
    puffer_edge_quantize_halves(x, factor, offset, low, high, 1, &even, &odd);
    *(puffer_edge_word_t *)(void *)y =
        (even & UINT32_C(0x00ff00ff)) | (odd & UINT32_C(0x00ff00ff)) << 8;
}
#endif
#endif
