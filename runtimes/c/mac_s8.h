/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_S8_H
#define PUFFER_EDGE_MAC_S8_H
#include "dot_neon.h"
#include "dot_x86.h"
#include "mac_integer.h"
#include "mac_rv32.h"

/* Activations and weights of 8 bits, in groups of four columns. SXTB16 takes bytes 0 and 2, or 1
 * and 3, out of a word, and does so alike for x and the weights. */
#if defined(PUFFER_EDGE_DSP)
/* Registers are scarce: r2 is free, and where x ends waits on the stack. */
#define PUFFER_EDGE_GROUP_S8                                     \
    "ldr r12, [r0], #4\n\tldmia r1!, {r3-r6}\n\t"                \
    "sxtb16 lr, r12, ror #8\n\tsxtb16 r12, r12\n\t"              \
    "sxtb16 r2, r3\n\tsxtb16 r3, r3, ror #8\n\t"                 \
    "smlad r7, r2, r12, r7\n\tsmlad r7, r3, lr, r7\n\t"          \
    "sxtb16 r3, r4\n\tsxtb16 r4, r4, ror #8\n\t"                 \
    "smlad r8, r3, r12, r8\n\tsmlad r8, r4, lr, r8\n\t"          \
    "sxtb16 r3, r5\n\tsxtb16 r5, r5, ror #8\n\t"                 \
    "smlad r10, r3, r12, r10\n\tsmlad r10, r5, lr, r10\n\t"      \
    "sxtb16 r3, r6\n\tsxtb16 r6, r6, ror #8\n\t"                 \
    "smlad r11, r3, r12, r11\n\tsmlad r11, r6, lr, r11\n\t"

PUFFER_EDGE_NAKED void puffer_edge_mac4_s8(
    const int8_t *x PUFFER_EDGE_UNUSED, const int8_t *w PUFFER_EDGE_UNUSED,
    const int32_t *bias PUFFER_EDGE_UNUSED, int32_t *sum PUFFER_EDGE_UNUSED,
    int32_t k_size PUFFER_EDGE_UNUSED)
{
    __asm__ volatile(
        PUFFER_EDGE_SUMS_IN
        "ands r2, lr, #3\n\t"
        "bne 6f\n"
        "5:\n\t"
        "add r2, r0, lr\n\t"
        "str r2, [sp]\n\t"
        "ands r12, lr, #12\n\t"
        PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUP_S8, "8", "ldr r2, [sp]\n\t"
                                                          "cmp r0, r2\n\t"
                                                          "bne 4b\n")
        "7:\n\t"
        PUFFER_EDGE_SUMS_OUT
        "6:\n\t" /* r2 columns fill no group */
        "bic lr, lr, #3\n\t"
        "add r3, r0, lr\n\t"
        "add r4, r1, lr, lsl #2\n"
        "8:\n\t"
        "ldrsb r12, [r3], #1\n\t"
        "ldrsb r5, [r4], #1\n\tsmlabb r7, r5, r12, r7\n\t"
        "ldrsb r5, [r4], #1\n\tsmlabb r8, r5, r12, r8\n\t"
        "ldrsb r5, [r4], #1\n\tsmlabb r10, r5, r12, r10\n\t"
        "ldrsb r5, [r4], #1\n\tsmlabb r11, r5, r12, r11\n\t"
        "subs r2, r2, #1\n\t"
        "bne 8b\n\t"
        "cmp lr, #0\n\t"
        "bne 5b\n\t"
        "b 7b\n"
        ::: PUFFER_EDGE_CLOBBERS);
}
#else
PUFFER_EDGE_KERNEL void puffer_edge_mac4_s8(const int8_t *x, const int8_t *w,
                                            const int32_t *bias, int32_t *sum, int32_t k_size)
{
    int32_t s0 = PUFFER_EDGE_READ_S32(bias), s1 = PUFFER_EDGE_READ_S32(bias + 1);
    int32_t s2 = PUFFER_EDGE_READ_S32(bias + 2), s3 = PUFFER_EDGE_READ_S32(bias + 3), v;
    int32_t group = k_size >> 2;
#if defined(PUFFER_EDGE_DOT)
    int32_t part[4];
    const int32_t done = puffer_edge_dot4_s8(x, w, part, group);
    s0 += part[0];
    s1 += part[1];
    s2 += part[2];
    s3 += part[3];
    x += 4 * done;
    w += 16 * done;
    group -= done;
#endif
#if defined(PUFFER_EDGE_RV32)
    PUFFER_EDGE_RV32_GROUPS_S8
#endif
    for (; group > 0; --group) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 0, 0, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 1, 1, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 2, 2, 4)
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

PUFFER_EDGE_KERNEL int32_t puffer_edge_mac1_s8(const int8_t *x, const int8_t *w, int32_t sum,
                                               int32_t k_size)
{
#if defined(PUFFER_EDGE_DOT)
    for (; k_size > 0; --k_size) { /* compilers make vectors of this */
        sum += (int32_t)*x++ * *w++;
    }
#endif
    for (int32_t groups = k_size >> 2; groups > 0; --groups) {
#if defined(PUFFER_EDGE_DSP)
        const uint32_t bytes = puffer_edge_load_word(w), v = puffer_edge_load_word(x);
        sum = puffer_edge_smlad(puffer_edge_sxtb16(bytes), puffer_edge_sxtb16(v), sum);
        sum = puffer_edge_smlad(puffer_edge_sxtb16_odd(bytes), puffer_edge_sxtb16_odd(v), sum);
#else
        sum += (int32_t)x[0] * PUFFER_EDGE_READ_S8(w) + (int32_t)x[1] * PUFFER_EDGE_READ_S8(w + 1) +
               (int32_t)x[2] * PUFFER_EDGE_READ_S8(w + 2) +
               (int32_t)x[3] * PUFFER_EDGE_READ_S8(w + 3);
#endif
        x += 4;
        w += 4;
    }
    for (int32_t k = k_size & 3; k > 0; --k) {
        sum += (int32_t)*x++ * PUFFER_EDGE_READ_S8(w++);
    }
    return sum;
}
#endif
