/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_S16_H
#define PUFFER_EDGE_MAC_S16_H
#include "dot_neon.h"
#include "dot_x86.h"
#include "mac_integer.h"
#include "mac_rv32.h"

/* Activations and weights of 16 bits, in groups of two columns: one word of x and one of each row
 * give two products per row. */
#if defined(PUFFER_EDGE_DSP)
/* Two groups, as one load of many words takes fewer instructions and cycles than two of one. */
#define PUFFER_EDGE_GROUPS_S16                                 \
    "ldmia r0!, {r12, lr}\n\tldmia r1!, {r3-r6}\n\t"           \
    "smlad r7, r3, r12, r7\n\tsmlad r8, r4, r12, r8\n\t"       \
    "smlad r10, r5, r12, r10\n\tsmlad r11, r6, r12, r11\n\t"   \
    "ldmia r1!, {r3-r6}\n\t"                                   \
    "smlad r7, r3, lr, r7\n\tsmlad r8, r4, lr, r8\n\t"         \
    "smlad r10, r5, lr, r10\n\tsmlad r11, r6, lr, r11\n\t"
#if defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_ALL_GROUPS_S16                                                   \
    "asrs r2, lr, #2\n\t"                                                           \
    "ands r12, r2, #1\n\t"                                                          \
    "bne 1f\n"                                                                      \
    "2:\n\t" PUFFER_EDGE_GROUPS_S16 "1:\n\t" PUFFER_EDGE_GROUPS_S16                 \
    "subs r2, r2, #2\n\t"                                                           \
    "bgt 2b\n"
#else
#define PUFFER_EDGE_ALL_GROUPS_S16                                                   \
    "asrs r2, lr, #2\n\t"                                                           \
    "ands r12, r2, #3\n\t"                                                          \
    PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUPS_S16, "2", "subs r2, r2, #4\n\t"       \
                                                        "bgt 4b\n")
#endif

PUFFER_EDGE_NAKED void puffer_edge_mac4_s16(
    const int16_t *x PUFFER_EDGE_UNUSED, const int16_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        PUFFER_EDGE_SUMS_IN
        "orr r2, r0, lr\n\t" /* x at a word, and columns by fours: what is common */
        "ands r2, r2, #3\n\t"
        "bne 6f\n"
        "5:\n\t"
        PUFFER_EDGE_ALL_GROUPS_S16
        "7:\n\t"
        PUFFER_EDGE_SUMS_OUT
        "6:\n\t"
        "ands r2, lr, #1\n\t"
        "beq 8f\n\t"
        "sub lr, lr, #1\n\t" /* the last column */
        "ldrsh r12, [r0, lr, lsl #1]\n\t"
        "add r3, r1, lr, lsl #3\n\t"
        "ldrd r5, r6, [r3]\n\t"
        "smlabb r7, r5, r12, r7\n\tsmlatb r8, r5, r12, r8\n\t"
        "smlabb r10, r6, r12, r10\n\tsmlatb r11, r6, r12, r11\n"
        "8:\n\t"
        "ands r2, lr, #2\n\t"
        "beq 8f\n\t"
        "sub lr, lr, #2\n\t" /* the last group */
        "ldr r12, [r0, lr, lsl #1]\n\t"
        "add r3, r1, lr, lsl #3\n\t"
        "ldm r3, {r3-r6}\n\t"
        "smlad r7, r3, r12, r7\n\tsmlad r8, r4, r12, r8\n\t"
        "smlad r10, r5, r12, r10\n\tsmlad r11, r6, r12, r11\n"
        "8:\n\t"
        "cmp lr, #0\n\t"
        "beq 7b\n\t"
        "lsls r2, r0, #30\n\t"
        "beq 5b\n"
        "8:\n\t" /* a load of many words wants an address of words */
        "ldr r12, [r0], #4\n\tldmia r1!, {r3-r6}\n\t"
        "smlad r7, r3, r12, r7\n\tsmlad r8, r4, r12, r8\n\t"
        "smlad r10, r5, r12, r10\n\tsmlad r11, r6, r12, r11\n\t"
        "subs lr, lr, #2\n\t"
        "bne 8b\n\t"
        "b 7b\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#else
PUFFER_EDGE_KERNEL void puffer_edge_mac4_s16(const int16_t *x, const int16_t *w,
                                             const int32_t *bias, int32_t *sum, int32_t k_size)
{
    int32_t s0 = PUFFER_EDGE_READ_S32(bias), s1 = PUFFER_EDGE_READ_S32(bias + 1);
    int32_t s2 = PUFFER_EDGE_READ_S32(bias + 2), s3 = PUFFER_EDGE_READ_S32(bias + 3), v;
    int32_t group = k_size >> 1;
#if defined(PUFFER_EDGE_DOT)
    int32_t part[4];
    const int32_t done = puffer_edge_dot4_s16(x, w, part, group);
    s0 += part[0];
    s1 += part[1];
    s2 += part[2];
    s3 += part[3];
    x += 2 * done;
    w += 8 * done;
    group -= done;
#endif
#if defined(PUFFER_EDGE_RV32)
    PUFFER_EDGE_RV32_GROUPS_S16
#endif
    for (; group > 0; --group) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S16, 0, 0, 2)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S16, 1, 1, 2)
        x += 2;
        w += 8;
    }
    for (int32_t k = k_size & 1; k > 0; --k) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S16, 0, 0, 1)
        x += 1;
        w += 4;
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}
#endif

PUFFER_EDGE_KERNEL int32_t puffer_edge_mac1_s16(const int16_t *x, const int16_t *w, int32_t sum,
                                                int32_t k_size)
{
#if defined(PUFFER_EDGE_DOT)
    for (; k_size > 0; --k_size) { /* compilers make vectors of this */
        sum += (int32_t)*x++ * *w++;
    }
#endif
    for (int32_t groups = k_size >> 1; groups > 0; --groups) {
#if defined(PUFFER_EDGE_DSP)
        sum = puffer_edge_smlad(puffer_edge_load_word(w), puffer_edge_load_word(x), sum);
#else
        sum +=
            (int32_t)x[0] * PUFFER_EDGE_READ_S16(w) + (int32_t)x[1] * PUFFER_EDGE_READ_S16(w + 1);
#endif
        x += 2;
        w += 2;
    }
    for (int32_t k = k_size & 1; k > 0; --k) {
        sum += (int32_t)*x++ * PUFFER_EDGE_READ_S16(w++);
    }
    return sum;
}
#endif
