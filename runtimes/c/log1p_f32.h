/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LOG1P_F32_H
#define PUFFER_EDGE_LOG1P_F32_H

/* log(1 + x) for -0.3 <= x <= 1 only, what softplus and log need: 2 atanh(s) with
 * s = x / (2 + x), as s times a polynomial in s^2. Minimax fit: benchmarks/fit_functions.py. Max
 * relative error 2.6e-7. */
static inline float puffer_edge_log1p_f32(float x)
{
    const float s = x / (x + 2.0f);
    const float y = s * s;
    const float c =
        (((0.2817824f * y + 0.27960634f) * y + 0.4002468f) * y + 0.6666635f) * y +
        2.0f;
    return s * c;
}
#endif
