/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC4X2_PAIRS_H
#define PUFFER_EDGE_MAC4X2_PAIRS_H
#include "mac4x2.h"
#include "mac_pairs.h"

/* mac4_pairs for two vectors at once, as mac4x2_s8x16 is to mac4_s8x16. */
#if defined(PUFFER_EDGE_DSP)
/* A of a pair are r7 for x and r10 for the second vector, 256 B + A are r8 and r11. */
#define PUFFER_EDGE_GROUP_4X2_PAIRS                                                        \
    "ldrd r3, r4, [r2], #16\n\tldrd r5, r6, [r0], #8\n\tldrd r12, lr, [r1], #8\n\t"       \
    "smlad r8, r3, r5, r8\n\tsmlad r11, r3, r12, r11\n\tsxtb16 r3, r3\n\t"                \
    "smlad r8, r4, r6, r8\n\tsmlad r11, r4, lr, r11\n\tsxtb16 r4, r4\n\t"                 \
    "smlad r7, r3, r5, r7\n\tsmlad r10, r3, r12, r10\n\t"                                 \
    "smlad r7, r4, r6, r7\n\tsmlad r10, r4, lr, r10\n\t"
#define PUFFER_EDGE_AGAIN_4X2_PAIRS(BACK) "ldr r3, [sp]\n\tcmp r0, r3\n\tbne " BACK "\n"
#define PUFFER_EDGE_END_4X2_PAIRS(AT)                                                       \
    "ldr r5, [r2, #" AT "]\n\tsub r8, r8, r7\n\tsub r11, r11, r10\n\t"                      \
    "add r8, r5, r8, asr #8\n\tadd r11, r5, r11, asr #8\n\t"

PUFFER_EDGE_NAKED void puffer_edge_mac4x2_pairs(
    const int16_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        PUFFER_EDGE_MAC4X2(
            "ldr r7, [r2]\n\tmov r8, r7\n\tmov r10, r7\n\tmov r11, r7\n\t",
            PUFFER_EDGE_GROUPS_4X2(PUFFER_EDGE_GROUP_4X2_PAIRS, PUFFER_EDGE_AGAIN_4X2_PAIRS),
            "ldrsh r3, [r2], #4\n\tldrsh r5, [r0], #2\n\tldrsh r6, [r1], #2\n\t"
            "smlabb r8, r3, r5, r8\n\tsmlabb r11, r3, r6, r11\n\tsxtb r3, r3\n\t"
            "smlabb r7, r3, r5, r7\n\tsmlabb r10, r3, r6, r10\n\t",
            PUFFER_EDGE_END_4X2_PAIRS)
        ::: PUFFER_EDGE_CLOBBERS);
}
#else
static inline void puffer_edge_mac4x2_pairs(const int16_t *x, const int8_t *w, const int32_t *bias,
                                            int32_t *sum, int32_t k_size)
{
    puffer_edge_mac4_pairs(x, w, bias, sum, k_size);
    puffer_edge_mac4_pairs(x + k_size + (k_size & 1), w, bias, sum + 4, k_size);
}
#endif
#endif
