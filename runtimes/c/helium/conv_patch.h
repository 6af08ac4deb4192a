/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_PATCH_H
#define PUFFER_EDGE_CONV_PATCH_H
#include "conv_sizes.h"
#include "helium.h"

/* Copies rows of at most 16 bytes that lie some bytes apart, and gives where the next one goes. */
PUFFER_EDGE_NAKED void *puffer_edge_copy_rows(
    const void *from PUFFER_EDGE_UNUSED, void *to PUFFER_EDGE_UNUSED,
    int32_t rows PUFFER_EDGE_UNUSED, int32_t bytes PUFFER_EDGE_UNUSED,
    int32_t apart PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "ldr r12, [sp]\n\t"
        "push {r3, lr}\n\t"
        "vctp.8 r3\n\t"
        "dls lr, r2\n"
        "1:\n\t"
        "vpstt\n\tvldrbt.u8 q0, [r0]\n\tvstrbt.8 q0, [r1]\n\t"
        "add r0, r0, r12\n\tadd r1, r1, r3\n\t"
        "le lr, 1b\n\t"
        "mov r0, r1\n\t"
        "pop {r3, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}

/* Puts the columns of each group of four in the order 0, 2, 1, 3, in which convolutions have weights of
 * 8 bits. order: the places of 16 columns; count: a multiple of four. */
PUFFER_EDGE_NAKED void puffer_edge_swap_columns(
    int8_t *columns PUFFER_EDGE_UNUSED, int32_t count PUFFER_EDGE_UNUSED,
    const uint8_t *order PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        "push {r3, lr}\n\t"
        "vldrb.u8 q1, [r2]\n\t"
        "wlstp.8 lr, r1, 2f\n"
        "1:\n\t"
        "vldrb.u8 q0, [r0, q1]\n\tvstrb.8 q0, [r0], #16\n\t"
        "letp lr, 1b\n"
        "2:\n\t"
        "pop {r3, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#endif
