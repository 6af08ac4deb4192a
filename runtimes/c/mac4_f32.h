/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC4_F32_H
#define PUFFER_EDGE_MAC4_F32_H
#include "mac_soft_f32.h"

/* y[i] += sum over k of x[k] * w[4 * k + i] for i = 0..3: four outputs at a time.
 *
 * Each output adds its products one after the other, k upwards, product and sum rounded separately.
 * That order is the numeric contract; the four sums are independent, which is what keeps a pipeline
 * busy. x and w are read once, w in storage order. x and y must not overlap. */
PUFFER_EDGE_KERNEL void puffer_edge_mac4_f32(const float *x, const float *w, float *y,
                                             int32_t k_size)
{
#if defined(PUFFER_EDGE_SOFT_F32)
    for (int32_t i = 0; i < 4; ++i) {
        y[i] = puffer_edge_mac_soft_f32(x, w + i, 4, y[i], k_size);
    }
#else
    int32_t k = k_size;
#if defined(PUFFER_EDGE_VFP)
    /* Compilers load the weights one by one; one vldmia loads the four of a term. vmul and vadd
     * (not vfma) give the contract's two roundings and the fewer cycles on a Cortex-M4. */
    int32_t quads = k >> 2;
    if (quads > 0) {
        __asm__ volatile(
            "vldmia.32 %[y], {s12-s15}\n"
            "1:\n\t"
            "vldmia.32 %[x]!, {s0-s3}\n\t"
            "vldmia.32 %[w]!, {s4-s7}\n\t"
            "vmul.f32 s8, s4, s0\n\tvmul.f32 s9, s5, s0\n\t"
            "vmul.f32 s10, s6, s0\n\tvmul.f32 s11, s7, s0\n\t"
            "vadd.f32 s12, s12, s8\n\tvadd.f32 s13, s13, s9\n\t"
            "vadd.f32 s14, s14, s10\n\tvadd.f32 s15, s15, s11\n\t"
            "vldmia.32 %[w]!, {s4-s7}\n\t"
            "vmul.f32 s8, s4, s1\n\tvmul.f32 s9, s5, s1\n\t"
            "vmul.f32 s10, s6, s1\n\tvmul.f32 s11, s7, s1\n\t"
            "vadd.f32 s12, s12, s8\n\tvadd.f32 s13, s13, s9\n\t"
            "vadd.f32 s14, s14, s10\n\tvadd.f32 s15, s15, s11\n\t"
            "vldmia.32 %[w]!, {s4-s7}\n\t"
            "vmul.f32 s8, s4, s2\n\tvmul.f32 s9, s5, s2\n\t"
            "vmul.f32 s10, s6, s2\n\tvmul.f32 s11, s7, s2\n\t"
            "vadd.f32 s12, s12, s8\n\tvadd.f32 s13, s13, s9\n\t"
            "vadd.f32 s14, s14, s10\n\tvadd.f32 s15, s15, s11\n\t"
            "vldmia.32 %[w]!, {s4-s7}\n\t"
            "vmul.f32 s8, s4, s3\n\tvmul.f32 s9, s5, s3\n\t"
            "vmul.f32 s10, s6, s3\n\tvmul.f32 s11, s7, s3\n\t"
            "vadd.f32 s12, s12, s8\n\tvadd.f32 s13, s13, s9\n\t"
            "vadd.f32 s14, s14, s10\n\tvadd.f32 s15, s15, s11\n\t"
            "subs %[quads], %[quads], #1\n\t"
            "bne 1b\n\t"
            "vstmia.32 %[y], {s12-s15}\n"
            : [x] "+r"(x), [w] "+r"(w), [quads] "+r"(quads)
            : [y] "r"(y)
            : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12",
              "s13", "s14", "s15", "cc", "memory");
        k &= 3;
    }
#endif
    if (k > 0) {
        float y0 = y[0], y1 = y[1], y2 = y[2], y3 = y[3];
        do {
            const float v = *x++;
            y0 += v * PUFFER_EDGE_READ_F32(w);
            y1 += v * PUFFER_EDGE_READ_F32(w + 1);
            y2 += v * PUFFER_EDGE_READ_F32(w + 2);
            y3 += v * PUFFER_EDGE_READ_F32(w + 3);
            w += 4;
        } while (--k > 0);
        y[0] = y0;
        y[1] = y1;
        y[2] = y2;
        y[3] = y3;
    }
#endif
}
#endif
