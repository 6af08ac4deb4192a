#ifndef PUFFER_EDGE_MAC4_F16_H
#define PUFFER_EDGE_MAC4_F16_H
#include "mac4_f32.h"

/* Weights of 16 bits, IEEE 754's binary16, for arithmetic in binary32: every half is a float, so
 * expanding one is exact and needs integers only, neither a type nor an instruction for halves. */

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
#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FP) && (__ARM_FP & 4) && \
    __ARM_ARCH_PROFILE == 'M' && !defined(__ARM_BIG_ENDIAN) && !defined(PUFFER_EDGE_PORTABLE)
    /* The FPU of any Cortex-M converts both halves of a register, exactly. Words must be aligned. */
    for (; count >= 8 && ((uintptr_t)w & 3) == 0; count -= 8) {
        __asm__ volatile(
            "vldmia.32 %[w]!, {s0-s3}\n\t"
            "vcvtb.f32.f16 s8, s0\n\tvcvtt.f32.f16 s9, s0\n\t"
            "vcvtb.f32.f16 s10, s1\n\tvcvtt.f32.f16 s11, s1\n\t"
            "vcvtb.f32.f16 s12, s2\n\tvcvtt.f32.f16 s13, s2\n\t"
            "vcvtb.f32.f16 s14, s3\n\tvcvtt.f32.f16 s15, s3\n\t"
            "vstmia.32 %[y]!, {s8-s15}\n"
            : [w] "+r"(w), [y] "+r"(y)
            :
            : "s0", "s1", "s2", "s3", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15",
              "memory");
    }
#endif
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
