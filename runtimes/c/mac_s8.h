#ifndef PUFFER_EDGE_MAC_S8_H
#define PUFFER_EDGE_MAC_S8_H
#include "mac_integer.h"

/* Activations and weights of 8 bits, in groups of four columns. SXTB16 takes bytes 0 and 2, or 1
 * and 3, out of a word, and does so alike for x and the weights. */
#if defined(PUFFER_EDGE_DSP)
#define PUFFER_EDGE_GROUP_S8                                            \
    "ldr r12, [%[x]], #4\n\tldmia %[w]!, {r3-r6}\n\t"                   \
    "sxtb16 lr, r12, ror #8\n\tsxtb16 r12, r12\n\t"                     \
    "sxtb16 %[n], r3\n\tsxtb16 r3, r3, ror #8\n\t"                      \
    "smlad %[s0], %[n], r12, %[s0]\n\tsmlad %[s0], r3, lr, %[s0]\n\t"   \
    "sxtb16 r3, r4\n\tsxtb16 r4, r4, ror #8\n\t"                        \
    "smlad %[s1], r3, r12, %[s1]\n\tsmlad %[s1], r4, lr, %[s1]\n\t"     \
    "sxtb16 r3, r5\n\tsxtb16 r5, r5, ror #8\n\t"                        \
    "smlad %[s2], r3, r12, %[s2]\n\tsmlad %[s2], r5, lr, %[s2]\n\t"     \
    "sxtb16 r3, r6\n\tsxtb16 r6, r6, ror #8\n\t"                        \
    "smlad %[s3], r3, r12, %[s3]\n\tsmlad %[s3], r6, lr, %[s3]\n\t"
#endif

PUFFER_EDGE_MAC4 void mac4_s8(const int8_t *x, const int8_t *w, const int32_t *bias,
                              int32_t *sum, int32_t k_size)
{
    int32_t s0 = bias[0], s1 = bias[1], s2 = bias[2], s3 = bias[3], v;
    int32_t groups = k_size >> 2;
#if defined(PUFFER_EDGE_DSP)
    if (groups > 0) { /* registers are scarce: the end of x waits on the stack */
        const int8_t *end = x + 4 * groups;
        __asm__ volatile(
            "push {%[n]}\n\t"
            "sub r12, %[n], %[x]\n\t"
            "ands r12, r12, #12\n\t"
            PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUP_S8, "8", "ldr %[n], [sp]\n\t"
                                                              "cmp %[x], %[n]\n\t"
                                                              "bne 4b\n\t")
            "add sp, sp, #4\n"
            : [x] "+r"(x), [w] "+r"(w), [n] "+r"(end), [s0] "+r"(s0), [s1] "+r"(s1),
              [s2] "+r"(s2), [s3] "+r"(s3)
            :
            : "r3", "r4", "r5", "r6", "r12", "lr", "cc", "memory");
    }
#else
    for (; groups > 0; --groups) {
        PUFFER_EDGE_COLUMN4(0, 0, 4)
        PUFFER_EDGE_COLUMN4(1, 1, 4)
        PUFFER_EDGE_COLUMN4(2, 2, 4)
        PUFFER_EDGE_COLUMN4(3, 3, 4)
        x += 4;
        w += 16;
    }
#endif
    for (int32_t k = k_size & 3; k > 0; --k) {
        PUFFER_EDGE_COLUMN4(0, 0, 1)
        x += 1;
        w += 4;
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}

PUFFER_EDGE_KERNEL int32_t mac1_s8(const int8_t *x, const int8_t *w, int32_t sum,
                                   int32_t k_size)
{
    for (int32_t groups = k_size >> 2; groups > 0; --groups) {
#if defined(PUFFER_EDGE_DSP)
        const uint32_t bytes = load_word(w), v = load_word(x);
        sum = smlad(sxtb16(bytes), sxtb16(v), sum);
        sum = smlad(sxtb16_odd(bytes), sxtb16_odd(v), sum);
#else
        sum += x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
#endif
        x += 4;
        w += 4;
    }
    for (int32_t k = k_size & 3; k > 0; --k) {
        sum += *x++ * *w++;
    }
    return sum;
}
#endif
