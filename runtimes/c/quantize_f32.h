#ifndef PUFFER_EDGE_QUANTIZE_F32_H
#define PUFFER_EDGE_QUANTIZE_F32_H
#include "clip_f32.h"

/* floor(clamp(v, low, high) + 1/2): 32768.5 makes it positive, so that cutting off rounds down. */
static inline int32_t quantize_f32(float v, float low, float high)
{
    return (int32_t)(clip_f32(v, low, high) + 32768.5f) - 32768;
}
#endif
