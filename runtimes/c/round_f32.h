/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ROUND_F32_H
#define PUFFER_EDGE_ROUND_F32_H

/* The nearest whole number, halves to the even one: a sum with 2^23, where a float's last digit is
 * a one, rounds. Exact; NaN and infinity stay. */
static inline float puffer_edge_round_f32(float x)
{
    const float sign = x < 0.0f ? -1.0f : 1.0f;
    const float size = x * sign;
    const float added = size < 8388608.0f ? 8388608.0f : 0.0f;
    return ((size + added) - added) * sign;
}
#endif
