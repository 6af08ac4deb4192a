/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_PAIRS_H
#define PUFFER_EDGE_MAC_PAIRS_H
#include "mac1_s8x16.h"

/* Activations of 8 bits that lie in 16, at a word, and weights of 8, which are not all unpacked.
 *
 * The rows a and b of a pair lie byte by byte, so that a half is 256 b + a as one number with a sign;
 * where a < 0, the byte of b is one less. Products of halves add up to 256 B + A for the sums A and B
 * of both rows; one SXTB16 per two columns gives a, and so A; what is left are 256 B, exactly, as the
 * exporter has seen to that B has no more than 24 bits. Whatever goes round in 32 bits goes back.
 *
 * A group has four columns: two of the first pair, the other two, then the same of the second pair.
 * The columns that fill no group follow as w[k][0..3]; rows that fill no block as in mac_s8x16.h. */
#if defined(PUFFER_EDGE_DSP)
/* A of the pairs are r7 and r10, 256 B + A are r8 and r11; r2 is where the groups of x end. */
#define PUFFER_EDGE_GROUP_PAIRS                                \
    "ldmia r0!, {r12, lr}\n\tldmia r1!, {r3-r6}\n\t"           \
    "smlad r8, r3, r12, r8\n\tsmlad r11, r5, r12, r11\n\t"     \
    "sxtb16 r3, r3\n\tsxtb16 r5, r5\n\t"                       \
    "smlad r8, r4, lr, r8\n\tsmlad r11, r6, lr, r11\n\t"       \
    "sxtb16 r4, r4\n\tsxtb16 r6, r6\n\t"                       \
    "smlad r7, r3, r12, r7\n\tsmlad r10, r5, r12, r10\n\t"     \
    "smlad r7, r4, lr, r7\n\tsmlad r10, r6, lr, r10\n\t"
#if defined(PUFFER_EDGE_SMALL)
#define PUFFER_EDGE_GROUPS_PAIRS \
    "tst lr, #4\n\t"             \
    PUFFER_EDGE_TWO_TIMES(PUFFER_EDGE_GROUP_PAIRS, "cmp r0, r2\n\tbne 2b\n")
#else
#define PUFFER_EDGE_GROUPS_PAIRS \
    "ands r12, lr, #12\n\t"      \
    PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUP_PAIRS, "8", "cmp r0, r2\n\tbne 4b\n")
#endif

PUFFER_EDGE_NAKED void puffer_edge_mac4_pairs(
    const int16_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        PUFFER_EDGE_SUMS_IN
        "mov r8, r7\n\tmov r11, r10\n\t"
        "bic r2, lr, #3\n\t"
        "add r2, r0, r2, lsl #1\n\t"
        "cmp r0, r2\n\t"
        "beq 7f\n\t"
        PUFFER_EDGE_GROUPS_PAIRS
        "7:\n\t"
        "ldr lr, [sp, #40]\n\t"
        "ands lr, lr, #3\n\t"
        "beq 9f\n"
        "8:\n\t"
        "ldrsh r12, [r0], #2\n\tldr r3, [r1], #4\n\t"
        "smlabb r8, r3, r12, r8\n\tsmlatb r11, r3, r12, r11\n\t"
        "sxtb16 r3, r3\n\t"
        "smlabb r7, r3, r12, r7\n\tsmlatb r10, r3, r12, r10\n\t"
        "subs lr, lr, #1\n\t"
        "bne 8b\n"
        "9:\n\t"
        "ldr r2, [sp]\n\t"
        "sub r8, r8, r7\n\tsub r11, r11, r10\n\t"
        "ldr r3, [r2, #4]\n\tldr r4, [r2, #12]\n\t"
        "add r8, r3, r8, asr #8\n\tadd r11, r4, r11, asr #8\n\t"
        PUFFER_EDGE_SUMS_OUT
        ::: PUFFER_EDGE_CLOBBERS);
}
#else
/* The sums of a pair and one column, whose weights lie at AT. */
#define PUFFER_EDGE_COLUMN_OF_PAIR(V, AT, A, B)          \
    {                                                    \
        const int32_t a = PUFFER_EDGE_READ_S8(w + (AT)); \
        A += (V) * a;                                    \
        B += (V) * (PUFFER_EDGE_READ_S8(w + (AT) + 1) + (a < 0)); \
    }

PUFFER_EDGE_KERNEL void puffer_edge_mac4_pairs(const int16_t *x, const int8_t *w,
                                               const int32_t *bias, int32_t *sum, int32_t k_size)
{
    int32_t s0 = PUFFER_EDGE_READ_S32(bias), s1 = PUFFER_EDGE_READ_S32(bias + 1);
    int32_t s2 = PUFFER_EDGE_READ_S32(bias + 2), s3 = PUFFER_EDGE_READ_S32(bias + 3);
    for (int32_t group = k_size >> 2; group > 0; --group) {
        for (int32_t k = 0; k < 4; ++k) {
            PUFFER_EDGE_COLUMN_OF_PAIR(x[k], 2 * k, s0, s1)
            PUFFER_EDGE_COLUMN_OF_PAIR(x[k], 2 * k + 8, s2, s3)
        }
        x += 4;
        w += 16;
    }
    for (int32_t k = k_size & 3; k > 0; --k) {
        PUFFER_EDGE_COLUMN_OF_PAIR(*x, 0, s0, s1)
        PUFFER_EDGE_COLUMN_OF_PAIR(*x, 2, s2, s3)
        x += 1;
        w += 4;
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}
#endif

#if defined(PUFFER_EDGE_DOT16)
/* Four blocks, where other layouts have a faster way. */
static inline void puffer_edge_mac16_pairs(const int16_t *x, const int8_t *w, const int32_t *bias,
                                           int32_t *sum, int32_t k_size)
{
    for (int32_t row = 0; row < 16; row += 4) {
        puffer_edge_mac4_pairs(x, w + row * k_size, bias + row, sum + row, k_size);
    }
}
#endif
#endif
