/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SIXTEEN_H
#define PUFFER_EDGE_SIXTEEN_H
#include "dot_neon.h"
#include "dot_x86.h"
#include "requantize.h"

/* Sixteen rows of an integer layer at once, for processors that multiply and shift vectors of 32-bit
 * numbers: x86-64 from AVX2 on, and AArch64. */
#if defined(PUFFER_EDGE_DOT16)
typedef int32_t __attribute__((vector_size(64), aligned(4), may_alias)) puffer_edge_s32x16_t;

static inline puffer_edge_s32x16_t puffer_edge_clamp16(puffer_edge_s32x16_t x, int32_t low,
                                                       int32_t high)
{
#if defined(__AVX512F__)
    const __m512i above = _mm512_max_epi32((__m512i)x, _mm512_set1_epi32(low));
    return (puffer_edge_s32x16_t)_mm512_min_epi32(above, _mm512_set1_epi32(high));
#else
    const puffer_edge_s32x16_t zero = {0}, least = zero + low, most = zero + high;
    x = (x & (x > least)) | (least & (x <= least));
    return (x & (x < most)) | (most & (x >= most));
#endif
}

/* Words of which the lowest bits, as many as said, are those of a, and the next as many those of b. */
static inline void puffer_edge_pair16(int32_t *a, const int32_t *b, int32_t bits)
{
    const puffer_edge_s32x16_t low = *(const puffer_edge_s32x16_t *)(const void *)a;
    const puffer_edge_s32x16_t high = *(const puffer_edge_s32x16_t *)(const void *)b;
    *(puffer_edge_s32x16_t *)(void *)a = (low & ((INT32_C(1) << bits) - 1)) | high << bits;
}

/* requantize(sum[i], q + i, offset). */
static inline puffer_edge_s32x16_t puffer_edge_ratio16(const int32_t *sum,
                                                       const puffer_edge_requantize_t *q,
                                                       puffer_edge_s32x16_t offset)
{
    const puffer_edge_s32x16_t zero = {0};
    const puffer_edge_s32x16_t ratio = *(const puffer_edge_s32x16_t *)(const void *)q;
    const puffer_edge_s32x16_t shift = ratio >> 8 & 255;
    const puffer_edge_s32x16_t v = *(const puffer_edge_s32x16_t *)(const void *)sum >> (ratio & 255);
    return ((v * (ratio >> 16) + (((zero + 1) << shift) >> 1)) >> shift) + offset;
}

/* sum[i] = clamp(requantize(sum[i], q + i, zero_point), low, high). */
static inline void puffer_edge_requantize16(int32_t *sum, const puffer_edge_requantize_t *q,
                                            int32_t zero_point, int32_t low, int32_t high)
{
    const puffer_edge_s32x16_t zero = {0};
    *(puffer_edge_s32x16_t *)(void *)sum =
        puffer_edge_clamp16(puffer_edge_ratio16(sum, q, zero + zero_point), low, high);
}

/* mac4_<types> of four blocks; groups have as many columns as fill 32 bits of x, or four. */
#define PUFFER_EDGE_MAC16(NAME, X_T, W_T, GROUP)                                                \
    static inline void puffer_edge_mac16_##NAME(const X_T *x, const W_T *w, const int32_t *bias, \
                                                int32_t *sum, int32_t k_size)                   \
    {                                                                                           \
        puffer_edge_dot16_##NAME(x, w, 4 * k_size, sum, k_size / (GROUP));                      \
        for (int32_t k = k_size / (GROUP) * (GROUP); k < k_size; ++k) {                         \
            for (int32_t i = 0; i < 16; ++i) {                                                  \
                sum[i] += x[k] * w[(i >> 2) * 4 * k_size + 4 * k + (i & 3)];                    \
            }                                                                                   \
        }                                                                                       \
        for (int32_t i = 0; i < 16; ++i) {                                                      \
            sum[i] += bias[i];                                                                  \
        }                                                                                       \
    }
PUFFER_EDGE_MAC16(s8, int8_t, int8_t, 4)
PUFFER_EDGE_MAC16(s8x16, int16_t, int8_t, 4)
PUFFER_EDGE_MAC16(s16, int16_t, int16_t, 2)
#undef PUFFER_EDGE_MAC16
#endif
#endif
