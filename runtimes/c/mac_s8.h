#ifndef PUFFER_EDGE_MAC_S8_H
#define PUFFER_EDGE_MAC_S8_H
#include "mac_integer.h"

/* Activations and weights of 8 bits, in groups of four columns. SXTB16 takes bytes 0 and 2, or 1
 * and 3, out of a word, and does so alike for x and the weights. */
#if defined(PUFFER_EDGE_DSP)
#define PUFFER_EDGE_GROUP_S8                                        \
    "ldr r12, [%[x]], #4\n\tldmia %[w]!, {r3-r6}\n\t"               \
    "sxtb16 lr, r12, ror #8\n\tsxtb16 r12, r12\n\t"                 \
    "sxtb16 %[n], r3\n\tsxtb16 r3, r3, ror #8\n\t"                  \
    "smlad r8, %[n], r12, r8\n\tsmlad r8, r3, lr, r8\n\t"           \
    "sxtb16 r3, r4\n\tsxtb16 r4, r4, ror #8\n\t"                    \
    "smlad r9, r3, r12, r9\n\tsmlad r9, r4, lr, r9\n\t"             \
    "sxtb16 r3, r5\n\tsxtb16 r5, r5, ror #8\n\t"                    \
    "smlad %[s2], r3, r12, %[s2]\n\tsmlad %[s2], r5, lr, %[s2]\n\t" \
    "sxtb16 r3, r6\n\tsxtb16 r6, r6, ror #8\n\t"                    \
    "smlad %[s3], r3, r12, %[s3]\n\tsmlad %[s3], r6, lr, %[s3]\n\t"
#endif

PUFFER_EDGE_MAC4 void puffer_edge_mac4_s8(const int8_t *x, const int8_t *w, const int32_t *bias,
                                          int32_t *sum, int32_t k_size)
{
    const int32_t groups = k_size >> 2, left = k_size & 3;
#if defined(PUFFER_EDGE_DSP)
    if (groups > 0) {
        const int8_t *n = x + 4 * groups; /* registers are scarce: it waits on the stack */
        const int32_t *s2 = bias;
        int32_t *s3 = sum;
        __asm__ volatile(
            PUFFER_EDGE_SUMS_IN
            "push {%[n]}\n\t"
            "sub r12, %[n], %[x]\n\t"
            "ands r12, r12, #12\n\t"
            PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUP_S8, "8", "ldr %[n], [sp]\n\t"
                                                              "cmp %[x], %[n]\n\t"
                                                              "bne 4b\n\t")
            "add sp, sp, #4\n\t"
            PUFFER_EDGE_SUMS_OUT
            : [x] "+r"(x), [w] "+r"(w), [n] "+r"(n), [s2] "+r"(s2), [s3] "+r"(s3)
            :
            : "r3", "r4", "r5", "r6", "r8", "r9", "r12", "lr", "cc", "memory");
        if (left == 0) {
            return;
        }
        bias = sum;
    }
#endif
    int32_t s0 = PUFFER_EDGE_READ_S32(bias), s1 = PUFFER_EDGE_READ_S32(bias + 1);
    int32_t s2 = PUFFER_EDGE_READ_S32(bias + 2), s3 = PUFFER_EDGE_READ_S32(bias + 3), v;
#if !defined(PUFFER_EDGE_DSP)
    for (int32_t group = groups; group > 0; --group) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 0, 0, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 1, 1, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 2, 2, 4)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 3, 3, 4)
        x += 4;
        w += 16;
    }
#endif
    for (int32_t k = left; k > 0; --k) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S8, 0, 0, 1)
        x += 1;
        w += 4;
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}

PUFFER_EDGE_KERNEL int32_t puffer_edge_mac1_s8(const int8_t *x, const int8_t *w, int32_t sum,
                                               int32_t k_size)
{
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
