/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LOG_F32_H
#define PUFFER_EDGE_LOG_F32_H
#include "base.h"
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
    } step[9] PUFFER_EDGE_FLASH = {{4.0f, {1.0f, 8.507059e37f}, {0.0f, 126.0f}},
                 {1.8446744e19f, {1.0f, 1.8446744e19f}, {0.0f, 64.0f}},
                 {7.9228163e28f, {1.0f, 4.2949673e9f}, {0.0f, 32.0f}},
                 {7.9228163e28f, {1.0f, 4.2949673e9f}, {0.0f, 32.0f}},
                 {5.192297e33f, {1.0f, 65536.0f}, {0.0f, 16.0f}},
                 {1.329228e36f, {1.0f, 256.0f}, {0.0f, 8.0f}},
                 {2.1267648e37f, {1.0f, 16.0f}, {0.0f, 4.0f}},
                 {8.507059e37f, {1.0f, 4.0f}, {0.0f, 2.0f}},
                 {1.7014118e38f, {1.0f, 2.0f}, {0.0f, 1.0f}}};
    float m = puffer_edge_clip_f32(x, 1e-45f, 3.4028235e38f);
    float n = 127.0f;
    for (int i = 0; i < 9; ++i) {
        const int below = m < PUFFER_EDGE_READ_F32(&step[i].limit);
        m *= PUFFER_EDGE_READ_F32(&step[i].factor[below]);
        n -= PUFFER_EDGE_READ_F32(&step[i].n[below]);
    }
    m *= 5.877472e-39f;
    const float carry = puffer_edge_opaque_f32(m > 1.4142135f ? 1.0f : 0.0f);
    m -= 0.5f * carry * m;
    n += carry;
    return n * 0.6933594f + (n * -0.00021219444f + puffer_edge_log1p_f32(m - 1.0f));
}
#endif
