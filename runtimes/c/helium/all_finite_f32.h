/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ALL_FINITE_F32_H
#define PUFFER_EDGE_ALL_FINITE_F32_H
#include "helium.h"

/* 1 if no element is NaN or infinite: no bits without the sign are those of infinity or more. */
PUFFER_EDGE_NAKED int puffer_edge_all_finite_f32(const float *x PUFFER_EDGE_UNUSED,
                                                 int32_t size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r3, lr}\n\t"
        "vmov.i32 q1, #0\n\t"
        "wlstp.32 lr, r1, 2f\n"
        "1:\n\t"
        "vldrw.u32 q0, [r0], #16\n\tvshl.i32 q0, q0, #1\n\tvmax.u32 q1, q1, q0\n\t"
        "letp lr, 1b\n"
        "2:\n\t"
        "movs r0, #0\n\t"
        "vmaxv.u32 r0, q1\n\t"
        "lsrs r0, r0, #24\n\t"
        "subs r0, r0, #255\n\t"
        "it ne\n\tmovne r0, #1\n\t"
        "pop {r3, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
