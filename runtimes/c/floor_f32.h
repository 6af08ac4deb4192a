/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_FLOOR_F32_H
#define PUFFER_EDGE_FLOOR_F32_H
#include "round_f32.h"

/* The largest whole number that is not above x. Exact; NaN and infinity stay. */
static inline float puffer_edge_floor_f32(float x)
{
    const float rounded = puffer_edge_round_f32(x);
    return rounded - (rounded > x ? 1.0f : 0.0f);
}
#endif
