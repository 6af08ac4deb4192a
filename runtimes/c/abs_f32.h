/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ABS_F32_H
#define PUFFER_EDGE_ABS_F32_H

/* |x|, exact; NaN stays NaN. */
static inline float puffer_edge_abs_f32(float x)
{
    return x > 0.0f ? x : 0.0f - x;
}
#endif
