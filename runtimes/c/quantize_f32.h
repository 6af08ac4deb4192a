/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_QUANTIZE_F32_H
#define PUFFER_EDGE_QUANTIZE_F32_H
#include "clip_f32.h"
#include "mac_soft_f32.h"
#include "requantize.h"

/* clamp(floor(v + 1/2), low, high): 32768.5 makes it positive, so that cutting off rounds down.
 * NaN gives low. */
static inline int32_t puffer_edge_quantize_f32(float v, int32_t low, int32_t high)
{
#if defined(PUFFER_EDGE_THUMB2) && defined(__ARM_FP) && !defined(__SOFTFP__)
    /* This conversion saturates, and makes 0 of NaN, so that integers can do the clamping. */
    float bits;
    int32_t n;
    __asm__("vcvt.s32.f32 %0, %1" : "=t"(bits) : "t"(v + 32768.5f));
    __asm__("vmov %0, %1" : "=r"(n) : "t"(bits));
    return puffer_edge_clamp_s32(puffer_edge_subtract_saturating(n, 32768), low, high);
#else
    return (int32_t)(puffer_edge_clip_f32(v, (float)low, (float)high) + 32768.5f) - 32768;
#endif
}

/* The same of x * factor + offset. */
static inline int32_t puffer_edge_quantize_scaled_f32(float x, float factor, float offset,
                                                      int32_t low, int32_t high)
{
#if defined(PUFFER_EDGE_SOFT_F32)
    puffer_edge_soft_t v;
    if (puffer_edge_soft_start(&v, offset) && puffer_edge_soft_term(&v, &x, &factor) &&
        puffer_edge_soft_add(&v, 0x800080, 142)) { /* 32768.5, for the same reason */
        const int32_t shift = 150 - v.e;
        if (shift < 0) {
            return v.m < 0 ? low : high;
        }
        return puffer_edge_clamp_s32((v.m < 0 || shift > 31 ? 0 : v.m >> shift) - 32768, low, high);
    }
#endif
    {
        const float scaled = x * factor;
        return puffer_edge_quantize_f32(scaled + offset, low, high);
    }
}
#endif
