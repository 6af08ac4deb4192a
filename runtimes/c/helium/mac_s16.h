/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_S16_H
#define PUFFER_EDGE_MAC_S16_H
#include "helium.h"

/* 8 columns of four rows at a time; otherwise as PUFFER_EDGE_SUMS_S8. */
#define PUFFER_EDGE_SUMS_S16(K)                                           \
    "ldr r12, [sp, #" K "]\n\t"                                         \
    "lsrs lr, r12, #3\n\t"                                              \
    "wls lr, lr, 2f\n"                                                  \
    "1:\n\t"                                                            \
    "vldrh.u16 q4, [r0], #16\n\t" PUFFER_EDGE_FOUR_ROWS                 \
    "vmladava.s16 r4, q0, q4\n\tvmladava.s16 r6, q1, q4\n\t"            \
    "vmladava.s16 r8, q2, q4\n\tvmladava.s16 r10, q3, q4\n\t"           \
    "le lr, 1b\n"                                                       \
    "2:\n\t"                                                            \
    "ands r12, r12, #6\n\t" /* columns that are left in groups */       \
    "beq 3f\n\t"                                                        \
    "vctp.16 r12\n\t" PUFFER_EDGE_GROUP_ADDRESSES                       \
    "vpstttt\n\t"                                                       \
    "vldrht.u16 q4, [r0]\n\tvldrwt.u32 q1, [q0]\n\t"                    \
    "vldrwt.u32 q2, [q0, #4]\n\tvldrwt.u32 q3, [q0, #8]\n\t"            \
    "vmladava.s16 r4, q1, q4\n\tvmladava.s16 r6, q2, q4\n\t"            \
    "vmladava.s16 r8, q3, q4\n\t"                                       \
    "vpst\n\tvldrwt.u32 q1, [q0, #12]\n\tvmladava.s16 r10, q1, q4\n\t"  \
    "add r0, r0, r12, lsl #1\n\tadd r1, r1, r12, lsl #3\n"              \
    "3:\n\t" PUFFER_EDGE_SUMS_TO_VECTOR                                 \
    "ldr r12, [sp, #" K "]\n\t"                                         \
    "tst r12, #1\n\t" /* a column that fills no group */                \
    "beq 5f\n\t"                                                        \
    "ldrsh r12, [r0], #2\n\tvldrh.s32 q1, [r1], #8\n\t"                 \
    "vmla.s32 q0, q1, r12\n"                                            \
    "5:\n\t"

PUFFER_EDGE_NAKED void puffer_edge_mac4_s16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int16_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(PUFFER_EDGE_MAC4(PUFFER_EDGE_SUMS_S16)::: PUFFER_EDGE_CLOBBERS);
}

PUFFER_EDGE_NAKED int32_t puffer_edge_mac1_s16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int16_t *w PUFFER_EDGE_UNUSED,
    int32_t sum PUFFER_EDGE_UNUSED, int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r3, lr}\n\t"
        "wlstp.16 lr, r3, 2f\n"
        "1:\n\t"
        "vldrh.u16 q0, [r0], #16\n\tvldrh.u16 q1, [r1], #16\n\t"
        "vmladava.s16 r2, q0, q1\n\t"
        "letp lr, 1b\n"
        "2:\n\t"
        "mov r0, r2\n\t"
        "pop {r3, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
