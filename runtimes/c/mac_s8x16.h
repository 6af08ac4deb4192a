/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_S8X16_H
#define PUFFER_EDGE_MAC_S8X16_H
#include "dot_neon.h"
#include "dot_x86.h"
#include "mac1_s8x16.h"
#include "mac_rv32.h"

/* Activations of 16 bits, weights of 8, in groups of four columns. SXTB16 takes bytes 0 and 2, or 1
 * and 3, out of a word of weights; so that they meet neighbours of x, columns are stored in the
 * order 0, 2, 1, 3. */
#if defined(PUFFER_EDGE_DSP)
/* The words of x are r12 and lr; where x ends waits on the stack, as r2 is needed. Without spaces, as
 * C99 promises a string of 4,095 characters only. */
#define PUFFER_EDGE_PRODUCTS_S8X16                    \
    "ldmia r1!,{r3-r6}\n"                             \
    "sxtb16 r2,r3\nsxtb16 r3,r3,ror #8\n"             \
    "smlad r7,r2,r12,r7\nsmlad r7,r3,lr,r7\n"         \
    "sxtb16 r3,r4\nsxtb16 r4,r4,ror #8\n"             \
    "smlad r8,r3,r12,r8\nsmlad r8,r4,lr,r8\n"         \
    "sxtb16 r3,r5\nsxtb16 r5,r5,ror #8\n"             \
    "smlad r10,r3,r12,r10\nsmlad r10,r5,lr,r10\n"     \
    "sxtb16 r3,r6\nsxtb16 r6,r6,ror #8\n"             \
    "smlad r11,r3,r12,r11\nsmlad r11,r6,lr,r11\n"
#define PUFFER_EDGE_GROUP_S8X16 "ldmia r0!, {r12, lr}\n\t" PUFFER_EDGE_PRODUCTS_S8X16
#if defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_GROUPS_S8X16                                                     \
    "tst lr, #4\n\t"                                                               \
    PUFFER_EDGE_TWO_TIMES(PUFFER_EDGE_GROUP_S8X16, "ldr r2, [sp]\n\t"              \
                                                   "cmp r0, r2\n\t"                \
                                                   "bne 2b\n")
#else
#define PUFFER_EDGE_GROUPS_S8X16                                                     \
    "ubfx r12, lr, #2, #3\n\t"                                                      \
    PUFFER_EDGE_EIGHT_TIMES(PUFFER_EDGE_GROUP_S8X16, "ldr r2, [sp]\n\t"             \
                                                     "cmp r0, r2\n\t"               \
                                                     "bne 28b\n")
#endif

PUFFER_EDGE_NAKED void puffer_edge_mac4_s8x16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        PUFFER_EDGE_SUMS_IN
        "orr r2, r0, lr\n\t" /* x at a word, and columns by fours: what is common */
        "ands r2, r2, #3\n\t"
        "bne 6f\n"
        "5:\n\t"
        "add r2, r0, lr, lsl #1\n\t"
        "str r2, [sp]\n\t"
        PUFFER_EDGE_GROUPS_S8X16
        "7:\n\t"
        PUFFER_EDGE_SUMS_OUT
        "6:\n\t"
        "ands r2, lr, #3\n\t" /* columns that fill no group */
        "bic lr, lr, #3\n\t"
        "beq 6f\n\t"
        "add r3, r0, lr, lsl #1\n\t"
        "add r4, r1, lr, lsl #2\n"
        "8:\n\t"
        "ldrsh r12, [r3], #2\n\tldr r6, [r4], #4\n\t"
        "sxtb16 r5, r6\n\tsxtb16 r6, r6, ror #8\n\t"
        "smlabb r7, r5, r12, r7\n\tsmlabb r8, r6, r12, r8\n\t"
        "smlatb r10, r5, r12, r10\n\tsmlatb r11, r6, r12, r11\n\t"
        "subs r2, r2, #1\n\t"
        "bne 8b\n"
        "6:\n\t"
        "cmp lr, #0\n\t"
        "beq 7b\n\t"
        "lsls r2, r0, #30\n\t"
        "beq 5b\n\t"
        "add r2, r0, lr, lsl #1\n\t"
        "str r2, [sp]\n"
        "8:\n\t" /* a load of many words wants an address of words */
        "ldr r12, [r0], #4\n\tldr lr, [r0], #4\n\t"
        PUFFER_EDGE_PRODUCTS_S8X16
        "ldr r2, [sp]\n\t"
        "cmp r0, r2\n\t"
        "bne 8b\n\t"
        "b 7b\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#else
PUFFER_EDGE_KERNEL void puffer_edge_mac4_s8x16(const int16_t *x, const int8_t *w,
                                               const int32_t *bias, int32_t *sum, int32_t k_size)
{
    int32_t s0 = PUFFER_EDGE_READ_S32(bias), s1 = PUFFER_EDGE_READ_S32(bias + 1);
    int32_t s2 = PUFFER_EDGE_READ_S32(bias + 2), s3 = PUFFER_EDGE_READ_S32(bias + 3), v;
    int32_t group = k_size >> 2;
#if defined(PUFFER_EDGE_DOT)
    int32_t part[4];
    const int32_t done = puffer_edge_dot4_s8x16(x, w, part, group);
    s0 += part[0];
    s1 += part[1];
    s2 += part[2];
    s3 += part[3];
    x += 4 * done;
    w += 16 * done;
    group -= done;
#endif
#if defined(PUFFER_EDGE_RV32)
    PUFFER_EDGE_RV32_GROUPS_S8X16
#endif
    for (; group > 0; --group) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 0, 0, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 2, 1, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 1, 2, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 3, 3, 4)
        x += 4;
        w += 16;
    }
    for (int32_t k = k_size & 3; k > 0; --k) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 0, 0, 1)
        x += 1;
        w += 4;
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}
#endif
#endif
