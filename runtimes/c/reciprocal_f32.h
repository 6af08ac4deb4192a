/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_RECIPROCAL_F32_H
#define PUFFER_EDGE_RECIPROCAL_F32_H

/* 1 / x, correctly rounded; +-0 gives +-infinity, NaN stays NaN. */
static inline float puffer_edge_reciprocal_f32(float x)
{
    return 1.0f / x;
}
#endif
