#ifndef PUFFER_EDGE_MAC_S16_H
#define PUFFER_EDGE_MAC_S16_H
#include "mac_integer.h"

/* Activations and weights of 16 bits, in groups of two columns: one word of x and one of each row
 * give two products per row. */
#if defined(PUFFER_EDGE_DSP)
#define PUFFER_EDGE_GROUP_S16                                        \
    "ldr r12, [%[x]], #4\n\tldmia %[w]!, {r3-r6}\n\t"                \
    "smlad r8, r3, r12, r8\n\tsmlad r9, r4, r12, r9\n\t"             \
    "smlad %[s2], r5, r12, %[s2]\n\tsmlad %[s3], r6, r12, %[s3]\n\t"
#endif

PUFFER_EDGE_MAC4 void puffer_edge_mac4_s16(const int16_t *x, const int16_t *w, const int32_t *bias,
                                           int32_t *sum, int32_t k_size)
{
    const int32_t groups = k_size >> 1, left = k_size & 1;
#if defined(PUFFER_EDGE_DSP)
    if (groups > 0) {
        int32_t n = groups;
        const int32_t *s2 = bias;
        int32_t *s3 = sum;
        __asm__ volatile(
            PUFFER_EDGE_SUMS_IN
            "ands r12, %[n], #3\n\t"
            PUFFER_EDGE_FOUR_TIMES(PUFFER_EDGE_GROUP_S16, "2", "subs %[n], %[n], #4\n\t"
                                                               "bgt 4b\n\t")
            PUFFER_EDGE_SUMS_OUT
            : [x] "+r"(x), [w] "+r"(w), [n] "+r"(n), [s2] "+r"(s2), [s3] "+r"(s3)
            :
            : "r3", "r4", "r5", "r6", "r8", "r9", "r12", "cc", "memory");
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
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S16, 0, 0, 2)
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S16, 1, 1, 2)
        x += 2;
        w += 8;
    }
#endif
    for (int32_t k = left; k > 0; --k) {
        PUFFER_EDGE_COLUMN4(PUFFER_EDGE_READ_S16, 0, 0, 1)
        x += 1;
        w += 4;
    }
    sum[0] = s0;
    sum[1] = s1;
    sum[2] = s2;
    sum[3] = s3;
}

PUFFER_EDGE_KERNEL int32_t puffer_edge_mac1_s16(const int16_t *x, const int16_t *w, int32_t sum,
                                                int32_t k_size)
{
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
