/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_HARD_SWISH_F32_H
#define PUFFER_EDGE_HARD_SWISH_F32_H
#include "opaque_f32.h"

/* x min(max(x / 6 + 1/2, 0), 1); exactly x or 0 from |x| = 3 on. Max error 1e-7 (1 + |result|); NaN
 * gives 0. */
static inline float puffer_edge_hard_swish_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -3.0f ? x : -3.0f);
    const float factor = 0.16666667f * above + 0.5f;
    return above * (factor < 1.0f ? factor : 1.0f);
}
#endif
