/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_FLUSHED_F32_H
#define PUFFER_EDGE_MAC_FLUSHED_F32_H
#include "helium.h"

/* One term of 16 sums, in q0 to q3: x is in the register X, w is r1, which moves on. */
#define PUFFER_EDGE_TERM16(X)                                              \
    "vldrw.u32 q4, [r1], #16\n\tvmul.f32 q4, q4, " X "\n\t"               \
    "vldrw.u32 q5, [r1], #16\n\tvadd.f32 q0, q0, q4\n\tvmul.f32 q5, q5, " X "\n\t" \
    "vldrw.u32 q6, [r1], #16\n\tvadd.f32 q1, q1, q5\n\tvmul.f32 q6, q6, " X "\n\t" \
    "vldrw.u32 q7, [r1], #16\n\tvadd.f32 q2, q2, q6\n\tvmul.f32 q7, q7, " X "\n\t" \
    "vadd.f32 q3, q3, q7\n\t"

PUFFER_EDGE_HELIUM_FLOATS void puffer_edge_mac16_flushed_f32(
    const float *x PUFFER_EDGE_UNUSED, const float *w PUFFER_EDGE_UNUSED,
    float *y PUFFER_EDGE_UNUSED, int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r4-r7, r8, lr}\n\tvpush {d8-d15}\n\t"
        "vldrw.u32 q0, [r2]\n\tvldrw.u32 q1, [r2, #16]\n\t"
        "vldrw.u32 q2, [r2, #32]\n\tvldrw.u32 q3, [r2, #48]\n\t"
        "lsr lr, r3, #2\n\t"
        "wls lr, lr, 2f\n"
        "1:\n\t"
        "ldm r0!, {r4-r7}\n\t"
        PUFFER_EDGE_TERM16("r4") PUFFER_EDGE_TERM16("r5")
        PUFFER_EDGE_TERM16("r6") PUFFER_EDGE_TERM16("r7")
        "le lr, 1b\n"
        "2:\n\t"
        "ands lr, r3, #3\n\t"
        "beq 4f\n"
        "3:\n\t"
        "ldr r4, [r0], #4\n\t" PUFFER_EDGE_TERM16("r4")
        "le lr, 3b\n"
        "4:\n\t"
        "vstrw.32 q0, [r2]\n\tvstrw.32 q1, [r2, #16]\n\t"
        "vstrw.32 q2, [r2, #32]\n\tvstrw.32 q3, [r2, #48]\n\t"
        "vpop {d8-d15}\n\tpop {r4-r7, r8, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}

PUFFER_EDGE_HELIUM_FLOATS void puffer_edge_mac4_flushed_f32(
    const float *x PUFFER_EDGE_UNUSED, const float *w PUFFER_EDGE_UNUSED,
    float *y PUFFER_EDGE_UNUSED, int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r3, lr}\n\t"
        "vldrw.u32 q0, [r2]\n\t"
        "wls lr, r3, 2f\n"
        "1:\n\t"
        "ldr r3, [r0], #4\n\t"
        "vldrw.u32 q1, [r1], #16\n\tvmul.f32 q1, q1, r3\n\tvadd.f32 q0, q0, q1\n\t"
        "le lr, 1b\n"
        "2:\n\t"
        "vstrw.32 q0, [r2]\n\t"
        "pop {r3, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}

static inline void puffer_edge_mac_flushed_f32(const float *x, const float *w, float *y,
                                               int32_t k_size, int32_t width)
{
    if (width == 16) {
        puffer_edge_mac16_flushed_f32(x, w, y, k_size);
    } else {
        puffer_edge_mac4_flushed_f32(x, w, y, k_size);
    }
}
#endif
