/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CEIL_F32_H
#define PUFFER_EDGE_CEIL_F32_H
#include "round_f32.h"

/* The smallest whole number that is not below x. Exact; NaN and infinity stay. */
static inline float puffer_edge_ceil_f32(float x)
{
    const float rounded = puffer_edge_round_f32(x);
    return rounded + (rounded < x ? 1.0f : 0.0f);
}
#endif
