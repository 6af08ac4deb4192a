/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_S8X16_H
#define PUFFER_EDGE_MAC_S8X16_H
#include "mac1_s8x16.h"

/* 16 columns of four rows at a time. A group's columns lie in the order 0, 2, 1, 3, so the bytes at
 * even places, which VMOVLB widens, are columns 0, 1, 4, 5..., and those at odd places, which VMOVLT
 * widens, 2, 3, 6, 7...; just so VLD2 takes x apart by words. It wants words that are aligned: an x
 * between two words, and what is left, is gathered by halves. Otherwise as PUFFER_EDGE_SUMS_S8;
 * clobbers q5 and q6, too. */
#define PUFFER_EDGE_ROW_S8X16(SUM, ROW)                                         \
    "vmovlb.s8 q6, " ROW "\n\tvmladava.s16 " SUM ", q6, q4\n\t"               \
    "vmovlt.s8 " ROW ", " ROW "\n\tvmladava.s16 " SUM ", " ROW ", q5\n\t"
#define PUFFER_EDGE_SUMS_S8X16(K)                                               \
    "ldr r12, [sp, #" K "]\n\t"                                               \
    "lsr lr, r12, #4\n\t"                                                     \
    "tst r0, #2\n\t"                                                          \
    "it ne\n\tmovne lr, #0\n\t"                                               \
    "wls lr, lr, 2f\n"                                                        \
    "1:\n\t"                                                                  \
    "vld20.32 {q4, q5}, [r0]\n\tvld21.32 {q4, q5}, [r0]!\n\t"                 \
    PUFFER_EDGE_FOUR_ROWS                                                     \
    PUFFER_EDGE_ROW_S8X16("r4", "q0") PUFFER_EDGE_ROW_S8X16("r6", "q1")       \
    PUFFER_EDGE_ROW_S8X16("r8", "q2") PUFFER_EDGE_ROW_S8X16("r10", "q3")      \
    "le lr, 1b\n"                                                             \
    "2:\n\t"                                                                  \
    "tst r0, #2\n\t"                                                          \
    "it eq\n\tandeq r12, r12, #15\n\t"                                        \
    "bics r12, r12, #3\n\t" /* columns that are left in groups */             \
    "beq 3f\n"                                                                \
    "6:\n\t"                                                                  \
    "vctp.8 r12\n\t"                                                          \
    PUFFER_EDGE_HALVES_OF_GROUPS("q3", "q0") PUFFER_EDGE_GROUP_ADDRESSES      \
    "vpst\n\tvldrht.u16 q4, [r0, q3, uxtw #1]\n\tadd lr, r0, #4\n\t"          \
    "vpstttt\n\tvldrht.u16 q5, [lr, q3, uxtw #1]\n\tvldrwt.u32 q1, [q0]\n\t"  \
    "vldrwt.u32 q2, [q0, #4]\n\tvldrwt.u32 q3, [q0, #8]\n\t"                  \
    PUFFER_EDGE_ROW_S8X16("r4", "q1") PUFFER_EDGE_ROW_S8X16("r6", "q2")       \
    PUFFER_EDGE_ROW_S8X16("r8", "q3")                                         \
    "vpst\n\tvldrwt.u32 q1, [q0, #12]\n\t" PUFFER_EDGE_ROW_S8X16("r10", "q1") \
    "cmp r12, #16\n\t"                                                        \
    "ite hi\n\tmovhi lr, #16\n\tmovls lr, r12\n\t"                            \
    "add r0, r0, lr, lsl #1\n\tadd r1, r1, lr, lsl #2\n\t"                    \
    "subs r12, r12, lr\n\t"                                                   \
    "bne 6b\n"                                                                \
    "3:\n\t" PUFFER_EDGE_SUMS_TO_VECTOR                                       \
    "ldr r12, [sp, #" K "]\n\t"                                               \
    "ands lr, r12, #3\n\t" /* columns that fill no group */                   \
    "beq 5f\n"                                                                \
    "4:\n\t"                                                                  \
    "ldrsh r12, [r0], #2\n\tvldrb.s32 q1, [r1], #4\n\t"                       \
    "vmla.s32 q0, q1, r12\n\t"                                                \
    "le lr, 4b\n"                                                             \
    "5:\n\t"

PUFFER_EDGE_NAKED void puffer_edge_mac4_s8x16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(PUFFER_EDGE_MAC4(PUFFER_EDGE_SUMS_S8X16)::: PUFFER_EDGE_CLOBBERS);
}
#endif
