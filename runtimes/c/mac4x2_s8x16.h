/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC4X2_S8X16_H
#define PUFFER_EDGE_MAC4X2_S8X16_H
#include "mac4x2.h"
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
#define PUFFER_EDGE_END_4X2_S8X16(AT) ""
#define PUFFER_EDGE_AGAIN_4X2_S8X16(BACK) "ldr lr, [sp]\n\tcmp r0, lr\n\tbne " BACK "\n"

PUFFER_EDGE_NAKED void puffer_edge_mac4x2_s8x16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        PUFFER_EDGE_MAC4X2(
            "ldrd r7, r8, [r2]\n\tmov r10, r7\n\tmov r11, r8\n\t",
            PUFFER_EDGE_GROUPS_4X2(PUFFER_EDGE_GROUP_4X2_S8X16, PUFFER_EDGE_AGAIN_4X2_S8X16),
            "ldrsb r3, [r2], #1\n\tldrsb r4, [r2], #3\n\t"
            "ldrsh r5, [r0], #2\n\tldrsh r6, [r1], #2\n\t"
            "smlabb r7, r3, r5, r7\n\tsmlabb r8, r4, r5, r8\n\t"
            "smlabb r10, r3, r6, r10\n\tsmlabb r11, r4, r6, r11\n\t",
            PUFFER_EDGE_END_4X2_S8X16)
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
