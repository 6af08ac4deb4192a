/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MAC_SOFT_F32_H
#define PUFFER_EDGE_MAC_SOFT_F32_H
#include "base.h"

/* Products and sums of floats on a core without an FPU: what the compiler's library gives, bit for bit,
 * in a quarter of the instructions, as the sum stays unpacked from one term to the next. */
#if defined(PUFFER_EDGE_SOFT_F32)
typedef uint32_t __attribute__((may_alias)) puffer_edge_bits_t;

/* Without the lowest five bits: rounds to the nearest, and a tie to even; negative numbers, too. */
static inline int32_t puffer_edge_soft_round(int32_t v)
{
    const int32_t cut = v >> 5;
    return cut + (((uint32_t)v & 31) + ((uint32_t)cut & 1) > 16);
}

/* A sum m * 2^(e - 150), with m of 2^23 to 2^24, or 0 as 0 * 2^-150. */
typedef struct {
    int32_t m, e;
} puffer_edge_soft_t;

/* Adds n * 2^(f - 150), with n of 2^23 to 2^24; 0 where the sum is no normal number, and stays as it
 * was. Five bits more than those of the result, the lowest of which says whether there are ones
 * below, round like all. */
static inline int puffer_edge_soft_add(puffer_edge_soft_t *sum, int32_t n, int32_t f)
{
    int32_t apart = sum->e - f, e = sum->e, large = sum->m * 32, small = n * 32, v;
    if (apart < 0) {
        apart = -apart;
        e = f;
        v = large;
        large = small;
        small = v;
    }
    if (apart > 26) { /* below a quarter of the last bit */
        v = large;
    } else {
        const int32_t kept = small >> apart;
        v = large + (kept | (int32_t)((uint32_t)kept << apart != (uint32_t)small));
    }
    if ((uint32_t)v + (UINT32_C(1) << 29) >= UINT32_C(1) << 30) {
        v = v >> 1 | (v & 1);
        e += 1;
    } else {
        while ((uint32_t)v + (UINT32_C(1) << 28) < UINT32_C(1) << 29) { /* both cancel each other */
            if (v == 0) {
                sum->m = 0;
                sum->e = 0;
                return 1;
            }
            v = v * 2;
            e -= 1;
        }
    }
    v = puffer_edge_soft_round(v);
    if ((uint32_t)(e - 1) >= 253) {
        return 0;
    }
    sum->m = v;
    sum->e = e;
    return 1;
}

/* A float as such a sum; 0 where it is no normal number, and no 0 with a plus. */
static inline int puffer_edge_soft_start(puffer_edge_soft_t *sum, float start)
{
    const uint32_t bits = *(const puffer_edge_bits_t *)(const void *)&start;
    const uint32_t exponent = bits >> 23 & 255;
    const int32_t size = (int32_t)((bits & 0x7fffff) | 0x800000);
    sum->m = bits == 0 ? 0 : (int32_t)bits < 0 ? -size : size;
    sum->e = (int32_t)exponent;
    return bits == 0 || exponent - 1 < 253;
}

/* Adds *x * *w; 0 where either or the product is no normal number, and no 0. */
static inline int puffer_edge_soft_term(puffer_edge_soft_t *sum, const float *x, const float *w)
{
    const uint32_t a = *(const puffer_edge_bits_t *)(const void *)x;
    const uint32_t b = *(const puffer_edge_bits_t *)(const void *)w;
    const uint32_t a_exponent = a >> 23 & 255, b_exponent = b >> 23 & 255;
    uint64_t product;
    uint32_t high;
    int32_t n, f;
    if (a_exponent - 1 >= 254 || b_exponent - 1 >= 254) { /* 0 changes no sum but -0 */
        return (a << 1 == 0 && b_exponent < 255) || (b << 1 == 0 && a_exponent < 255);
    }
    product = (uint64_t)(a << 8 | 0x80000000) * (b << 8 | 0x80000000);
    high = (uint32_t)(product >> 32) | ((uint32_t)product != 0);
    f = (int32_t)(a_exponent + b_exponent) - 126;
    if ((int32_t)high >= 0) {
        high <<= 1;
        f -= 1;
    }
    n = (int32_t)(high >> 8) + ((high & 255) + (high >> 8 & 1) > 128);
    return (uint32_t)(f - 1) < 253 && puffer_edge_soft_add(sum, (int32_t)(a ^ b) < 0 ? -n : n, f);
}

/* sum + x[0] * w[0] + x[1] * w[step] + ..., in that order. What is infinite, no number, or no normal one,
 * is left to the library, term by term. */
PUFFER_EDGE_KERNEL float puffer_edge_mac_soft_f32(const float *x, const float *w, int32_t step,
                                                  float sum, int32_t k_size)
{
    for (int32_t k = k_size; k > 0; --k) {
        puffer_edge_soft_t s;
        if (puffer_edge_soft_start(&s, sum)) {
            for (; k > 0 && puffer_edge_soft_term(&s, x, w); --k) {
                x += 1;
                w += step;
            }
            {
                const uint32_t m = (uint32_t)(s.m < 0 ? -s.m : s.m);
                const uint32_t bits =
                    s.m == 0 ? 0 : ((uint32_t)s.m & 0x80000000) | (m + ((uint32_t)(s.e - 1) << 23));
                *(puffer_edge_bits_t *)(void *)&sum = bits;
            }
            if (k == 0) {
                break;
            }
        }
        sum += *x * *w;
        x += 1;
        w += step;
    }
    return sum;
}
#endif
#endif
