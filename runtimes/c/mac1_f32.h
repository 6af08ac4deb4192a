/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC1_F32_H
#define PUFFER_EDGE_MAC1_F32_H
#include "mac_soft_f32.h"

/* sum + x[0] * w[0] + x[1] * w[1] + ..., in that order: one output. */
PUFFER_EDGE_INLINE float puffer_edge_mac1_f32(const float *x, const float *w, float sum, int32_t k_size)
{
#if defined(PUFFER_EDGE_SOFT_F32)
    return puffer_edge_mac_soft_f32(x, w, 1, sum, k_size);
#else
    int32_t k = k_size;
#if defined(PUFFER_EDGE_VFP) && !defined(PUFFER_EDGE_SMALL)
    int32_t quads = k >> 2;
    if (quads > 0) {
        __asm__ volatile(
            "1:\n\t"
            "vldmia.32 %[x]!, {s0-s3}\n\tvldmia.32 %[w]!, {s4-s7}\n\t"
            "vmul.f32 s4, s4, s0\n\tvmul.f32 s5, s5, s1\n\t"
            "vmul.f32 s6, s6, s2\n\tvmul.f32 s7, s7, s3\n\t"
            "vadd.f32 %[sum], %[sum], s4\n\tvadd.f32 %[sum], %[sum], s5\n\t"
            "vadd.f32 %[sum], %[sum], s6\n\tvadd.f32 %[sum], %[sum], s7\n\t"
            "subs %[quads], %[quads], #1\n\t"
            "bne 1b\n"
            : [x] "+r"(x), [w] "+r"(w), [sum] "+t"(sum), [quads] "+r"(quads)
            :
            : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "cc", "memory");
        k &= 3;
    }
#endif
    for (; k > 0; --k) {
        sum += *x++ * PUFFER_EDGE_READ_F32(w++);
    }
    return sum;
#endif
}
#endif
