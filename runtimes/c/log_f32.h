#ifndef PUFFER_EDGE_LOG_F32_H
#define PUFFER_EDGE_LOG_F32_H
#include "clip_f32.h"
#include "log1p_f32.h"
#include "opaque_f32.h"

/* The natural logarithm: x = m 2^n with m in [0.7, 1.42) by comparisons, and
 * log(x) = n ln 2 + log1p(m - 1), where m - 1 is exact and ln 2 is in two parts, the first with
 * an exact product with n. Max relative error 2.6e-7. Zero, negative numbers and NaN give -103.28,
 * the logarithm of the smallest float, infinity gives 88.72. */
static inline float puffer_edge_log_f32(float x)
{
    /* Where m is below the limit it is multiplied by factor[1], else by 1; n accordingly. */
    static const struct {
        float limit, factor[2], n[2];
    } step[9] = {
        {0x1p+2f, {1.0f, 0x1p+126f}, {0.0f, 126.0f}}, {0x1p+64f, {1.0f, 0x1p+64f}, {0.0f, 64.0f}},
        {0x1p+96f, {1.0f, 0x1p+32f}, {0.0f, 32.0f}}, {0x1p+96f, {1.0f, 0x1p+32f}, {0.0f, 32.0f}},
        {0x1p+112f, {1.0f, 0x1p+16f}, {0.0f, 16.0f}}, {0x1p+120f, {1.0f, 0x1p+8f}, {0.0f, 8.0f}},
        {0x1p+124f, {1.0f, 0x1p+4f}, {0.0f, 4.0f}}, {0x1p+126f, {1.0f, 0x1p+2f}, {0.0f, 2.0f}},
        {0x1p+127f, {1.0f, 0x1p+1f}, {0.0f, 1.0f}}};
    float m = puffer_edge_clip_f32(x, 0x1p-149f, 0x1.fffffep+127f);
    float n = 127.0f;
    for (int i = 0; i < 9; ++i) {
        const int below = m < step[i].limit;
        m *= step[i].factor[below];
        n -= step[i].n[below];
    }
    m *= 0x1p-127f;
    const float carry = puffer_edge_opaque_f32(m > 0x1.6a09e6p+0f ? 1.0f : 0.0f);
    m -= 0.5f * carry * m;
    n += carry;
    return n * 0x1.63p-1f + (n * -0x1.bd0106p-13f + puffer_edge_log1p_f32(m - 1.0f));
}
#endif
