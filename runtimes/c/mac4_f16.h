/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC4_F16_H
#define PUFFER_EDGE_MAC4_F16_H
#include "mac8_f32.h"

/* Weights of 16 bits, IEEE 754's binary16, for arithmetic in binary32: every half is a float, so
 * expanding one is exact and needs integers only, neither a type nor an instruction for halves. */

#if defined(PUFFER_EDGE_VFP) && !defined(__ARM_BIG_ENDIAN)
#if __ARM_ARCH_PROFILE == 'M'
#define PUFFER_EDGE_MAC8_F16
#endif
#endif
#if defined(PUFFER_EDGE_MAC8_F16)
/* The FPU of any Cortex-M converts both halves of a register, exactly, so weights are expanded where
 * they are multiplied. A term: weights of four sums in two registers, of the other four in two. */
#define PUFFER_EDGE_TERM8_F16(X, A, B, C, D)                                                  \
    "vcvtb.f32.f16 s24, " A "\n\tvcvtt.f32.f16 s25, " A "\n\t"                                \
    "vcvtb.f32.f16 s26, " B "\n\tvcvtt.f32.f16 s27, " B "\n\t"                                \
    "vcvtb.f32.f16 s28, " C "\n\tvcvtt.f32.f16 s29, " C "\n\t"                                \
    "vcvtb.f32.f16 s30, " D "\n\tvcvtt.f32.f16 s31, " D "\n\t"                                \
    PUFFER_EDGE_TERM8(X, "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31")

/* As mac8_f32: the same additions in the same order. Blocks of weights lie at words. */
PUFFER_EDGE_KERNEL void puffer_edge_mac8_f16(const float *x, const uint16_t *w, int32_t stride,
                                             const float *start, float *y, int32_t k_size)
{
    const uint16_t *u = w + stride;
    int32_t pairs = k_size >> 1, odd = k_size & 1;
    __asm__ volatile(
        "vldmia.32 %[start], {s8-s15}\n\t"
        "cmp %[pairs], #0\n\t"
        "beq 2f\n"
        "1:\n\t"
        "vldmia.32 %[x]!, {s0-s1}\n\t"
        "vldmia.32 %[w]!, {s16-s19}\n\tvldmia.32 %[u]!, {s20-s23}\n\t"
        PUFFER_EDGE_TERM8_F16("s0", "s16", "s17", "s20", "s21")
        PUFFER_EDGE_TERM8_F16("s1", "s18", "s19", "s22", "s23")
        "subs %[pairs], %[pairs], #1\n\t"
        "bne 1b\n"
        "2:\n\t"
        "cmp %[odd], #0\n\t"
        "beq 3f\n\t"
        "vldmia.32 %[x], {s0}\n\t"
        "vldmia.32 %[w], {s16-s17}\n\tvldmia.32 %[u], {s20-s21}\n\t"
        PUFFER_EDGE_TERM8_F16("s0", "s16", "s17", "s20", "s21")
        "3:\n\t"
        "vstmia.32 %[y], {s8-s15}\n"
        : [x] "+r"(x), [w] "+r"(w), [u] "+r"(u), [pairs] "+r"(pairs)
        : [odd] "r"(odd), [start] "r"(start), [y] "r"(y)
        : PUFFER_EDGE_VFP_CLOBBERS);
}

/* As mac4_f32. */
static inline void puffer_edge_mac4_f16(const float *x, const uint16_t *w, float *y,
                                        int32_t k_size)
{
    float twice[8] = {y[0], y[1], y[2], y[3], 0.0f, 0.0f, 0.0f, 0.0f};
    puffer_edge_mac8_f16(x, w, 0, twice, twice, k_size);
    memcpy(y, twice, 4 * sizeof *y);
}

/* One output; its weights may begin anywhere. */
PUFFER_EDGE_KERNEL float puffer_edge_mac1_f16(const float *x, const uint16_t *w, float sum,
                                              int32_t k_size)
{
    uint32_t halves;
    for (int32_t pairs = k_size >> 1; pairs > 0; --pairs) {
        halves = *(const puffer_edge_word_t *)(const void *)w;
        w += 2;
        __asm__ volatile(
            "vmov s5, %[halves]\n\tvldmia.32 %[x]!, {s0-s1}\n\t"
            "vcvtb.f32.f16 s4, s5\n\tvcvtt.f32.f16 s5, s5\n\t"
            "vmul.f32 s4, s4, s0\n\tvmul.f32 s5, s5, s1\n\t"
            "vadd.f32 %[sum], %[sum], s4\n\tvadd.f32 %[sum], %[sum], s5"
            : [x] "+r"(x), [sum] "+t"(sum)
            : [halves] "r"(halves)
            : "s0", "s1", "s4", "s5", "memory");
    }
    if ((k_size & 1) != 0) {
        halves = *w;
        __asm__ volatile(
            "vmov s4, %[halves]\n\tvldmia.32 %[x], {s0}\n\tvcvtb.f32.f16 s4, s4\n\t"
            "vmul.f32 s4, s4, s0\n\tvadd.f32 %[sum], %[sum], s4"
            : [sum] "+t"(sum)
            : [x] "r"(x), [halves] "r"(halves)
            : "s0", "s4", "memory");
    }
    return sum;
}
#else
/* The bits of the float; never of an infinity or a NaN, which no weight is. */
static inline uint32_t puffer_edge_float_of_half(uint32_t half)
{
    const uint32_t sign = (half & 0x8000u) << 16;
    uint32_t rest = half & 0x7fffu, exponent = 113;
    if (rest >= 0x400u) {
        return sign | ((rest << 13) + (UINT32_C(112) << 23));
    }
    if (rest == 0) {
        return sign;
    }
    for (; rest < 0x400u; rest <<= 1) { /* subnormal as a half, not as a float */
        --exponent;
    }
    return sign | exponent << 23 | (rest & 0x3ffu) << 13;
}

/* At most 32 weights. */
PUFFER_EDGE_KERNEL void puffer_edge_expand_f16(const uint16_t *w, float *y, int32_t count)
{
    uint32_t bits[32];
    for (int32_t i = 0; i < count; ++i) {
        bits[i] = puffer_edge_float_of_half(PUFFER_EDGE_READ_U16(w + i));
    }
    memcpy(y, bits, (size_t)count * sizeof *y);
}

/* As mac4_f32, eight terms at a time: the same additions in the same order. */
PUFFER_EDGE_KERNEL void puffer_edge_mac4_f16(const float *x, const uint16_t *w, float *y,
                                             int32_t k_size)
{
    float expanded[32];
    for (int32_t k = 0; k < k_size; k += 8) {
        const int32_t count = k_size - k < 8 ? k_size - k : 8;
        puffer_edge_expand_f16(w + 4 * k, expanded, 4 * count);
        puffer_edge_mac4_f32(x + k, expanded, y, count);
    }
}

/* One output. */
PUFFER_EDGE_KERNEL float puffer_edge_mac1_f16(const float *x, const uint16_t *w, float sum,
                                              int32_t k_size)
{
    float expanded[32];
    for (int32_t k = 0; k < k_size; k += 32) {
        const int32_t count = k_size - k < 32 ? k_size - k : 32;
        puffer_edge_expand_f16(w + k, expanded, count);
        for (int32_t i = 0; i < count; ++i) {
            sum += x[k + i] * expanded[i];
        }
    }
    return sum;
}
#endif
#endif
