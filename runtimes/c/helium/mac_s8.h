/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_S8_H
#define PUFFER_EDGE_MAC_S8_H
#include "helium.h"

/* 16 columns of four rows at a time. r0: x, r1: w, both moved on; r4, r6, r8, r10: the biases, then
 * the sums, which come in q0; k_size lies at [sp, #K]. Clobbers r12, lr, q1 to q4. */
#define PUFFER_EDGE_SUMS_S8(K)                                            \
    "ldr r12, [sp, #" K "]\n\t"                                         \
    "lsrs lr, r12, #4\n\t"                                              \
    "wls lr, lr, 2f\n"                                                  \
    "1:\n\t"                                                            \
    "vldrb.u8 q4, [r0], #16\n\t" PUFFER_EDGE_FOUR_ROWS                  \
    "vmladava.s8 r4, q0, q4\n\tvmladava.s8 r6, q1, q4\n\t"              \
    "vmladava.s8 r8, q2, q4\n\tvmladava.s8 r10, q3, q4\n\t"             \
    "le lr, 1b\n"                                                       \
    "2:\n\t"                                                            \
    "ands r12, r12, #12\n\t" /* columns that are left in groups */      \
    "beq 3f\n\t"                                                        \
    "vctp.8 r12\n\t" PUFFER_EDGE_GROUP_ADDRESSES                        \
    "vpstttt\n\t"                                                       \
    "vldrbt.u8 q4, [r0]\n\tvldrwt.u32 q1, [q0]\n\t"                     \
    "vldrwt.u32 q2, [q0, #4]\n\tvldrwt.u32 q3, [q0, #8]\n\t"            \
    "vmladava.s8 r4, q1, q4\n\tvmladava.s8 r6, q2, q4\n\t"              \
    "vmladava.s8 r8, q3, q4\n\t"                                        \
    "vpst\n\tvldrwt.u32 q1, [q0, #12]\n\tvmladava.s8 r10, q1, q4\n\t"   \
    "add r0, r0, r12\n\tadd r1, r1, r12, lsl #2\n"                      \
    "3:\n\t" PUFFER_EDGE_SUMS_TO_VECTOR                                 \
    "ldr r12, [sp, #" K "]\n\t"                                         \
    "ands lr, r12, #3\n\t" /* columns that fill no group */             \
    "beq 5f\n"                                                          \
    "4:\n\t"                                                            \
    "ldrsb r12, [r0], #1\n\tvldrb.s32 q1, [r1], #4\n\t"                 \
    "vmla.s32 q0, q1, r12\n\t"                                          \
    "le lr, 4b\n"                                                       \
    "5:\n\t"

PUFFER_EDGE_NAKED void puffer_edge_mac4_s8(
    const int8_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(PUFFER_EDGE_MAC4(PUFFER_EDGE_SUMS_S8)::: PUFFER_EDGE_CLOBBERS);
}

PUFFER_EDGE_NAKED int32_t puffer_edge_mac1_s8(
    const int8_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    int32_t sum PUFFER_EDGE_UNUSED, int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r3, lr}\n\t"
        "wlstp.8 lr, r3, 2f\n"
        "1:\n\t"
        "vldrb.u8 q0, [r0], #16\n\tvldrb.u8 q1, [r1], #16\n\t"
        "vmladava.s8 r2, q0, q1\n\t"
        "letp lr, 1b\n"
        "2:\n\t"
        "mov r0, r2\n\t"
        "pop {r3, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
