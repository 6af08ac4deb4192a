/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC1_S8X16_H
#define PUFFER_EDGE_MAC1_S8X16_H
#include "helium.h"

/* Half numbers 0, 1, 4, 5, 8, 9, 12, 13 in Q; clobbers OTHER and lr. */
#define PUFFER_EDGE_HALVES_OF_GROUPS(Q, OTHER)                                  \
    "mov lr, #0\n\tvidup.u16 " Q ", lr, #1\n\tvmov " OTHER ", " Q "\n\t"      \
    "vbic.i16 " OTHER ", #1\n\tvadd.i16 " Q ", " Q ", " OTHER "\n\t"

PUFFER_EDGE_NAKED int32_t puffer_edge_mac1_s8x16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    int32_t sum PUFFER_EDGE_UNUSED, int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r4, r5, r6, lr}\n\t" /* r4, r5: for the columns that fill no group */
        PUFFER_EDGE_HALVES_OF_GROUPS("q3", "q0")
        "bics r12, r3, #3\n\t"
        "beq 2f\n"
        "1:\n\t"
        "vctp.8 r12\n\t"
        "add lr, r0, #4\n\t"
        "vpstt\n\tvldrbt.u8 q0, [r1]\n\tvldrht.u16 q1, [r0, q3, uxtw #1]\n\t"
        "vmovlb.s8 q2, q0\n\tvmladava.s16 r2, q2, q1\n\t"
        "vpst\n\tvldrht.u16 q1, [lr, q3, uxtw #1]\n\t"
        "vmovlt.s8 q0, q0\n\tvmladava.s16 r2, q0, q1\n\t"
        "cmp r12, #16\n\t"
        "ite hi\n\tmovhi lr, #16\n\tmovls lr, r12\n\t"
        "add r0, r0, lr, lsl #1\n\tadd r1, r1, lr\n\t"
        "subs r12, r12, lr\n\t"
        "bne 1b\n"
        "2:\n\t"
        "ands lr, r3, #3\n\t"
        "beq 4f\n"
        "3:\n\t"
        "ldrsh r4, [r0], #2\n\tldrsb r5, [r1], #1\n\tmla r2, r4, r5, r2\n\t"
        "le lr, 3b\n"
        "4:\n\t"
        "mov r0, r2\n\t"
        "pop {r4, r5, r6, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
