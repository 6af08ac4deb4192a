#ifndef PUFFER_EDGE_EXP_F32_H
#define PUFFER_EDGE_EXP_F32_H
#include "base.h"
#include "opaque_f32.h"

/* exp(x) = 2^n exp(r) with n = round(x / ln 2) and r = x - n ln 2, ln 2 in two parts of which the
 * first has so few bits that its product with n is exact (Cody and Waite). Adding and subtracting
 * 1.5 * 2^23 rounds to an integer; 2^n is a product of two exact powers, so that no bits are cast.
 * Minimax fit: benchmarks/fit_functions.py. Max relative error 2e-7; below -87.33 (and for NaN) the
 * result stays exp(-87.33) = 1.2e-38, above 88.7228 it stays exp(88.7228) = 3.4e38. */
static inline float puffer_edge_exp_f32(float x)
{
    static const float coarse[16] = {
        0x1p-126f, 0x1p-110f, 0x1p-94f, 0x1p-78f, 0x1p-62f, 0x1p-46f, 0x1p-30f, 0x1p-14f,
        0x1p+2f, 0x1p+18f, 0x1p+34f, 0x1p+50f, 0x1p+66f, 0x1p+82f, 0x1p+98f, 0x1p+114f};
    static const float fine[16] = {
        0x1p+0f, 0x1p+1f, 0x1p+2f, 0x1p+3f, 0x1p+4f, 0x1p+5f, 0x1p+6f, 0x1p+7f,
        0x1p+8f, 0x1p+9f, 0x1p+10f, 0x1p+11f, 0x1p+12f, 0x1p+13f, 0x1p+14f, 0x1p+15f};
    const float above = puffer_edge_opaque_f32(x > -0x1.5d51ecp+6f ? x : -0x1.5d51ecp+6f);
    const float u = puffer_edge_opaque_f32(above < 0x1.62e42ep+6f ? above : 0x1.62e42ep+6f);
    const float n = (u * 0x1.715476p+0f + 0x1.8p+23f) - 0x1.8p+23f;
    const float r = (u - n * 0x1.63p-1f) - n * -0x1.bd0106p-13f;
    const float c =
        ((0x1.1062ap-7f * r + 0x1.572a5ep-5f) * r + 0x1.555796p-3f) * r + 0x1.fffdf6p-2f;
    const int32_t power = (int32_t)n + 126;
    return (c * (r * r) + r + 1.0f) * fine[power & 15] * coarse[power >> 4];
}
#endif
