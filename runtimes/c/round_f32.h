#ifndef PUFFER_EDGE_ROUND_F32_H
#define PUFFER_EDGE_ROUND_F32_H

/* The nearest whole number, halves to the even one: a sum with 2^23, where a float's last digit is
 * a one, rounds. Exact; NaN and infinity stay. */
static inline float round_f32(float x)
{
    const float far_away = x < 0.0f ? -0x1p+23f : 0x1p+23f;
    const float near_by = (x + far_away) - far_away;
    return x > -0x1p+23f && x < 0x1p+23f ? near_by : x;
}
#endif
