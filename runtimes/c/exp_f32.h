/* SPDX-License-Identifier: MIT-0 */
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
    static const float coarse[16] PUFFER_EDGE_FLASH = {
        1.1754944e-38f, 7.70372e-34f,   5.04871e-29f,  3.3087225e-24f,
        2.1684043e-19f, 1.4210855e-14f, 9.313226e-10f, 6.1035156e-5f,
        4.0f,           262144.0f,      1.717987e10f,  1.1258999e15f,
        7.378698e19f,   4.8357033e24f,  3.1691265e29f, 2.0769187e34f};
    static const float fine[16] PUFFER_EDGE_FLASH = {
        1.0f,   2.0f,   4.0f,    8.0f,    16.0f,   32.0f,   64.0f,    128.0f,
        256.0f, 512.0f, 1024.0f, 2048.0f, 4096.0f, 8192.0f, 16384.0f, 32768.0f};
    const float above = puffer_edge_opaque_f32(x > -87.33f ? x : -87.33f);
    const float u = puffer_edge_opaque_f32(above < 88.72283f ? above : 88.72283f);
    const float n = (u * 1.442695f + 12582912.0f) - 12582912.0f;
    const float r = (u - n * 0.6933594f) - n * -0.00021219444f;
    const float c =
        ((0.008312538f * r + 0.04189032f) * r + 0.16667096f) * r + 0.49999222f;
    const int32_t power = (int32_t)n + 126;
    return (c * (r * r) + r + 1.0f) * PUFFER_EDGE_READ_F32(fine + (power & 15)) *
           PUFFER_EDGE_READ_F32(coarse + (power >> 4));
}
#endif
