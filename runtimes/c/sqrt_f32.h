#ifndef PUFFER_EDGE_SQRT_F32_H
#define PUFFER_EDGE_SQRT_F32_H
#include "clip_f32.h"

/* The square root without libm, whose sqrtf soft-float cores would call: x = m 4^k with m in [1, 4)
 * by comparisons, a quadratic first guess (0.5 %), two Newton steps. Max relative error 1.2e-7.
 * sqrt(0) = 0; negative numbers and NaN give 0, infinity gives the root of the largest float. */
static inline float puffer_edge_sqrt_f32(float x)
{
    /* Where m is below the limit it is multiplied by factor[1], else by 1; root accordingly. */
    static const struct {
        float limit, factor[2], root[2];
    } step[8] = {
        {0x1p+2f, {1.0f, 0x1p+126f}, {1.0f, 0x1p-63f}},
        {0x1p+64f, {1.0f, 0x1p+64f}, {1.0f, 0x1p-32f}},
        {0x1p+96f, {1.0f, 0x1p+32f}, {1.0f, 0x1p-16f}},
        {0x1p+96f, {1.0f, 0x1p+32f}, {1.0f, 0x1p-16f}},
        {0x1p+112f, {1.0f, 0x1p+16f}, {1.0f, 0x1p-8f}},
        {0x1p+120f, {1.0f, 0x1p+8f}, {1.0f, 0x1p-4f}},
        {0x1p+124f, {1.0f, 0x1p+4f}, {1.0f, 0x1p-2f}},
        {0x1p+126f, {1.0f, 0x1p+2f}, {1.0f, 0x1p-1f}}};
    float m = puffer_edge_clip_f32(x, 0.0f, 0x1.fffffep+127f);
    float root = m > 0.0f ? 0x1p+63f : 0.0f;
    for (int i = 0; i < 8; ++i) {
        const int below = m < step[i].limit;
        m *= step[i].factor[below];
        root *= step[i].root[below];
    }
    m *= 0x1p-126f;
    float guess = (-0x1.43e996p-5f * m + 0x1.0d5122p-1f) * m + 0x1.098p-1f;
    guess = 0.5f * (guess + m / guess);
    guess = 0.5f * (guess + m / guess);
    return guess * root;
}
#endif
