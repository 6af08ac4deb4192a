/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SQRT_F32_H
#define PUFFER_EDGE_SQRT_F32_H
#include "base.h"
#include "clip_f32.h"

/* The square root without libm, whose sqrtf soft-float cores would call: x = m 4^k with m in [1, 4)
 * by comparisons, a quadratic first guess (0.5 %), two Newton steps. Max relative error 1.2e-7.
 * sqrt(0) = 0; negative numbers and NaN give 0, infinity gives the root of the largest float. */
static inline float puffer_edge_sqrt_f32(float x)
{
    /* Where m is below the limit it is multiplied by factor[1], else by 1; root accordingly. */
    static const struct {
        float limit, factor[2], root[2];
    } step[8] PUFFER_EDGE_FLASH = {
        {4.0f, {1.0f, 8.507059e37f}, {1.0f, 1.0842022e-19f}},
        {1.8446744e19f, {1.0f, 1.8446744e19f}, {1.0f, 2.3283064e-10f}},
        {7.9228163e28f, {1.0f, 4.2949673e9f}, {1.0f, 1.5258789e-5f}},
        {7.9228163e28f, {1.0f, 4.2949673e9f}, {1.0f, 1.5258789e-5f}},
        {5.192297e33f, {1.0f, 65536.0f}, {1.0f, 0.00390625f}},
        {1.329228e36f, {1.0f, 256.0f}, {1.0f, 0.0625f}},
        {2.1267648e37f, {1.0f, 16.0f}, {1.0f, 0.25f}},
        {8.507059e37f, {1.0f, 4.0f}, {1.0f, 0.5f}}};
    float m = puffer_edge_clip_f32(x, 0.0f, 3.4028235e38f);
    float root = m > 0.0f ? 9.223372e18f : 0.0f;
    for (int i = 0; i < 8; ++i) {
        const int below = m < PUFFER_EDGE_READ_F32(&step[i].limit);
        m *= PUFFER_EDGE_READ_F32(&step[i].factor[below]);
        root *= PUFFER_EDGE_READ_F32(&step[i].root[below]);
    }
    m *= 1.1754944e-38f;
    float guess = (-0.039540093f * m + 0.5260096f) * m + 0.5185547f;
    guess = 0.5f * (guess + m / guess);
    guess = 0.5f * (guess + m / guess);
    return guess * root;
}
#endif
