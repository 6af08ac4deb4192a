/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC4X2_S8X16_H
#define PUFFER_EDGE_MAC4X2_S8X16_H
#include "mac_s8x16.h"

/* mac4_s8x16 for two vectors at once, so that each weight is unpacked once for both: sum[0..3] is
 * of x, sum[4..7] of the second vector, which starts at the next even column behind the first. */
#if defined(PUFFER_EDGE_DSP)
/* x is r0, second r1, w r2; the sums of two rows are r7 and r8 of x, r10 and r11 of second. */
#define PUFFER_EDGE_GROUP_4X2_S8X16                             \
    "ldrd r3, r4, [r2], #16\n\tldrd r5, r6, [r0], #8\n\t"       \
    "sxtb16 lr, r3\n\tsxtb16 r3, r3, ror #8\n\t"                \
    "sxtb16 r12, r4\n\tsxtb16 r4, r4, ror #8\n\t"               \
    "smlad r7, lr, r5, r7\n\tsmlad r7, r3, r6, r7\n\t"          \
    "smlad r8, r12, r5, r8\n\tsmlad r8, r4, r6, r8\n\t"         \
    "ldrd r5, r6, [r1], #8\n\t"                                 \
    "smlad r10, lr, r5, r10\n\tsmlad r10, r3, r6, r10\n\t"      \
    "smlad r11, r12, r5, r11\n\tsmlad r11, r4, r6, r11\n\t"
#define PUFFER_EDGE_AGAIN_4X2_S8X16(BACK) "ldr lr, [sp]\n\tcmp r0, lr\n\tbne " BACK "\n"
#if defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_GROUPS_4X2_S8X16                                        \
    "ands r12, lr, #3\n\t"                                                 \
    PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUP_4X2_S8X16, "2",                \
                           PUFFER_EDGE_AGAIN_4X2_S8X16("4b"))
#else
#define PUFFER_EDGE_GROUPS_4X2_S8X16                                        \
    "and r12, lr, #7\n\t"                                                  \
    PUFFER_EDGE_EIGHT_TIMES(PUFFER_EDGE_GROUP_4X2_S8X16,                    \
                            PUFFER_EDGE_AGAIN_4X2_S8X16("28b"))
#endif

PUFFER_EDGE_NAKED void puffer_edge_mac4x2_s8x16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    /* On the stack: where x ends, bytes behind the columns of the first two rows, x, w, bias, sum. */
    __asm__ volatile(
        "push {r0-r8, r10, r11, lr}\n\t"
        "sub sp, sp, #8\n\t"
        "movs r4, #0\n"
        "8:\n\t" /* two rows; registers last for no more */
        "str r4, [sp, #4]\n\t"
        "ldr r12, [sp, #56]\n\t" /* k_size */
        "ldrd r7, r8, [r2]\n\t"
        "mov r10, r7\n\t"
        "mov r11, r8\n\t"
        "mov r2, r1\n\t"
        "add r1, r12, #1\n\t"
        "bic r1, r1, #1\n\t"
        "add r1, r0, r1, lsl #1\n\t"
        "asrs lr, r12, #2\n\t"
        "beq 5f\n\t"
        "add r3, r0, lr, lsl #3\n\t"
        "str r3, [sp]\n\t"
        PUFFER_EDGE_GROUPS_4X2_S8X16
        "5:\n\t"
        "ldr r12, [sp, #56]\n\t"
        "ands r12, r12, #3\n\t" /* columns left */
        "beq 7f\n\t"
        "ldr r3, [sp, #4]\n\t"
        "sub r2, r2, r3\n"
        "6:\n\t"
        "ldrsb r3, [r2], #1\n\tldrsb r4, [r2], #3\n\t"
        "ldrsh r5, [r0], #2\n\tldrsh r6, [r1], #2\n\t"
        "smlabb r7, r3, r5, r7\n\tsmlabb r8, r4, r5, r8\n\t"
        "smlabb r10, r3, r6, r10\n\tsmlabb r11, r4, r6, r11\n\t"
        "subs r12, r12, #1\n\t"
        "bne 6b\n"
        "7:\n\t"
        "add r3, sp, #8\n\t"
        "ldm r3, {r0, r1, r2, r3}\n\t"
        "ldr r4, [sp, #4]\n\t"
        "cbnz r4, 9f\n\t"
        "strd r7, r8, [r3]\n\t"
        "strd r10, r11, [r3, #16]\n\t"
        "adds r1, r1, #8\n\t"
        "adds r2, r2, #8\n\t"
        "movs r4, #6\n\t"
        "b 8b\n"
        "9:\n\t"
        "strd r7, r8, [r3, #8]\n\t"
        "strd r10, r11, [r3, #24]\n\t"
        "add sp, sp, #24\n\t"
        "pop {r4-r8, r10, r11, pc}\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#else
PUFFER_EDGE_KERNEL void puffer_edge_mac4x2_s8x16(const int16_t *x, const int8_t *w,
                                               const int32_t *bias, int32_t *sum, int32_t k_size)
{
    const int16_t *second = x + k_size + (k_size & 1);
    puffer_edge_mac4_s8x16(x, w, bias, sum, k_size);
    puffer_edge_mac4_s8x16(second, w, bias, sum + 4, k_size);
}
#endif
#endif
