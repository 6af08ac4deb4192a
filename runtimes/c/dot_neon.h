/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_DOT_NEON_H
#define PUFFER_EDGE_DOT_NEON_H
#include "base.h"

/* dot4_<types> of dot_x86.h for AArch64, with SDOT where the compiler may use it. */
#if defined(__GNUC__) && defined(__aarch64__) && !defined(__AARCH64EB__) && \
    !defined(PUFFER_EDGE_PORTABLE)
#define PUFFER_EDGE_DOT
#include <arm_neon.h>

static inline int32_t puffer_edge_dot4_s16(const int16_t *x, const int16_t *w, int32_t *sum,
                                           int32_t groups)
{
    int32x4_t upper = vdupq_n_s32(0), lower = upper;
    for (int32_t group = 0; group < groups; ++group) {
        const int16x8_t weights = vld1q_s16(w + 8 * group);
        int32_t pair;
        memcpy(&pair, x + 2 * group, sizeof pair);
        const int16x8_t v = vreinterpretq_s16_s32(vdupq_n_s32(pair));
        upper = vmlal_s16(upper, vget_low_s16(weights), vget_low_s16(v));
        lower = vmlal_high_s16(lower, weights, v);
    }
    vst1q_s32(sum, vpaddq_s32(upper, lower));
    return groups;
}

static inline int32_t puffer_edge_dot4_s8(const int8_t *x, const int8_t *w, int32_t *sum,
                                          int32_t groups)
{
    int32x4_t upper = vdupq_n_s32(0), lower = upper;
    for (int32_t group = 0; group < groups; ++group) {
        const int8x16_t weights = vld1q_s8(w + 16 * group);
        int32_t four;
        memcpy(&four, x + 4 * group, sizeof four);
        const int8x16_t v = vreinterpretq_s8_s32(vdupq_n_s32(four));
#if defined(__ARM_FEATURE_DOTPROD)
        upper = vdotq_s32(upper, weights, v);
#else
        upper = vpadalq_s16(upper, vmull_s8(vget_low_s8(weights), vget_low_s8(v)));
        lower = vpadalq_s16(lower, vmull_high_s8(weights, v));
#endif
    }
#if defined(__ARM_FEATURE_DOTPROD)
    vst1q_s32(sum, vaddq_s32(upper, lower));
#else
    vst1q_s32(sum, vpaddq_s32(upper, lower));
#endif
    return groups;
}

static inline int32_t puffer_edge_dot4_s8x16(const int16_t *x, const int8_t *w, int32_t *sum,
                                             int32_t groups)
{
    int32x4_t row[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int32_t group = 0; group < groups; ++group) {
        const int8x16_t weights = vld1q_s8(w + 16 * group);
        const int16x8_t upper = vmovl_s8(vget_low_s8(weights)), lower = vmovl_high_s8(weights);
        const int16x4_t given = vld1_s16(x + 4 * group);
        /* Columns are stored in the order 0, 2, 1, 3. */
        const int16x4_t v = vuzp_s16(given, given).val[0], odd = vuzp_s16(given, given).val[1];
        const int16x4_t columns = vreinterpret_s16_s32(
            vzip_s32(vreinterpret_s32_s16(v), vreinterpret_s32_s16(odd)).val[0]);
        row[0] = vmlal_s16(row[0], vget_low_s16(upper), columns);
        row[1] = vmlal_s16(row[1], vget_high_s16(upper), columns);
        row[2] = vmlal_s16(row[2], vget_low_s16(lower), columns);
        row[3] = vmlal_s16(row[3], vget_high_s16(lower), columns);
    }
    vst1q_s32(sum, vpaddq_s32(vpaddq_s32(row[0], row[1]), vpaddq_s32(row[2], row[3])));
    return groups;
}

/* dot16_<types>, as in dot_x86.h: NEON's registers hold no more than a block. */
#define PUFFER_EDGE_DOT16
#define PUFFER_EDGE_DOT16_OF(NAME, X_T, W_T)                                                 \
    static inline void puffer_edge_dot16_##NAME(const X_T *x, const W_T *w, int32_t step,    \
                                                int32_t *sum, int32_t groups)                \
    {                                                                                        \
        for (int32_t i = 0; i < 4; ++i) {                                                    \
            (void)puffer_edge_dot4_##NAME(x, w + i * step, sum + 4 * i, groups);             \
        }                                                                                    \
    }
PUFFER_EDGE_DOT16_OF(s8, int8_t, int8_t)
PUFFER_EDGE_DOT16_OF(s8x16, int16_t, int8_t)
PUFFER_EDGE_DOT16_OF(s16, int16_t, int16_t)
#undef PUFFER_EDGE_DOT16_OF
#endif
#endif
