#ifndef PUFFER_EDGE_QUANTIZE_F32_H
#define PUFFER_EDGE_QUANTIZE_F32_H
#include "base.h"

/* floor(clamp(v, low, high) + 1/2): 32768.5 makes it positive, so that cutting off rounds down. */
static inline int32_t quantize_f32(float v, float low, float high)
{
    const float above = v > low ? v : low;
    const float inside = above < high ? above : high;
    return (int32_t)(inside + 32768.5f) - 32768;
}
#endif
