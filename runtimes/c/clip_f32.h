/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CLIP_F32_H
#define PUFFER_EDGE_CLIP_F32_H
#include "opaque_f32.h"

/* min(max(x, low), high), exact. NaN gives low. */
static inline float puffer_edge_clip_f32(float x, float low, float high)
{
    const float above = puffer_edge_opaque_f32(x > low ? x : low);
    return puffer_edge_opaque_f32(above < high ? above : high);
}
#endif
