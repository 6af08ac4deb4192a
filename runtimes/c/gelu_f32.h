#ifndef PUFFER_EDGE_GELU_F32_H
#define PUFFER_EDGE_GELU_F32_H
#include "opaque_f32.h"

/* x Phi(x) with the normal distribution Phi(x) = (1 + erf(x / sqrt(2))) / 2, which is about
 * 1/2 + u P(u^2) / Q(u^2). From |x| = 5.05 on u is a point where the rational is exactly 1/2, so
 * that the result is exactly x or 0. Minimax fit: benchmarks/fit_functions.py. Max error
 * 5.4e-7 max(1, |x|) over all floats; NaN gives 0. */
static inline float puffer_edge_gelu_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -0x1.433334p+2f ? x : -0x1.3b5dcp+2f);
    const float u = puffer_edge_opaque_f32(above < 0x1.433334p+2f ? above : 0x1.3b5dcp+2f);
    const float y = u * u;
    const float p =
        ((((-0x1.cb2658p-19f * y + 0x1.2f02e8p-12f) * y + 0x1.277f6cp-6f) * y +
          0x1.c3484ep+1f) * y + 0x1.742edep+4f) * y + 0x1.807976p+8f;
    const float q = ((y + 0x1.5314eap+4f) * y + 0x1.b5edbep+7f) * y + 0x1.e1dcd6p+9f;
    return above * (u * p / q + 0.5f);
}
#endif
