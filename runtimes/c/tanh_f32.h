#ifndef PUFFER_EDGE_TANH_F32_H
#define PUFFER_EDGE_TANH_F32_H
#include "tanh_rational_f32.h"

/* tanh(x), in [-1, 1] for every input, odd. Max error 4.3e-7 over all floats; NaN gives -1. */
static inline float tanh_f32(float x)
{
    const float above = opaque_f32(x > -TANH_BOUND_F32 ? x : -TANH_ONE_F32);
    return tanh_rational_f32(opaque_f32(above < TANH_BOUND_F32 ? above : TANH_ONE_F32));
}
#endif
