/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ALL_FINITE_F32_H
#define PUFFER_EDGE_ALL_FINITE_F32_H
#include "base.h"

/* 1 if no element is NaN or infinite. A finite number times 0 is 0, NaN and infinity times 0 are
 * NaN, and a sum with a NaN in it stays NaN: no branch depends on the data. */
PUFFER_EDGE_KERNEL int puffer_edge_all_finite_f32(const float *x, int32_t size)
{
#if defined(PUFFER_EDGE_NO_FPU)
    typedef uint32_t __attribute__((may_alias)) bits_t;
    uint32_t largest = 0;
    for (; size > 0; --size) {
        const uint32_t bits = *(const bits_t *)(const void *)x++ << 1; /* without the sign */
        largest = bits > largest ? bits : largest;
    }
    return largest < 0xff000000;
#else
    float sum = 0.0f;
#if defined(PUFFER_EDGE_VFP) && !defined(PUFFER_EDGE_SMALL)
    const float zero = 0.0f;
    for (; size >= 8; size -= 8) {
        __asm__ volatile(
            "vldmia.32 %[x]!, {s0-s7}\n\t"
            "vmul.f32 s0, s0, %[zero]\n\tvmul.f32 s1, s1, %[zero]\n\tvmul.f32 s2, s2, %[zero]\n\t"
            "vmul.f32 s3, s3, %[zero]\n\tvmul.f32 s4, s4, %[zero]\n\tvmul.f32 s5, s5, %[zero]\n\t"
            "vmul.f32 s6, s6, %[zero]\n\tvmul.f32 s7, s7, %[zero]\n\t"
            "vadd.f32 s0, s0, s1\n\tvadd.f32 s2, s2, s3\n\tvadd.f32 s4, s4, s5\n\t"
            "vadd.f32 s6, s6, s7\n\tvadd.f32 s0, s0, s2\n\tvadd.f32 s4, s4, s6\n\t"
            "vadd.f32 s0, s0, s4\n\tvadd.f32 %[sum], %[sum], s0"
            : [x] "+r"(x), [sum] "+t"(sum)
            : [zero] "t"(zero)
            : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "memory");
    }
#endif
    for (; size >= 4; size -= 4, x += 4) {
        sum += x[0] * 0.0f;
        sum += x[1] * 0.0f;
        sum += x[2] * 0.0f;
        sum += x[3] * 0.0f;
    }
    for (; size > 0; --size) {
        sum += *x++ * 0.0f;
    }
    return sum == 0.0f;
#endif
}
#endif
