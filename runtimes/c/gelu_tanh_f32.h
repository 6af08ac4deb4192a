#ifndef PUFFER_EDGE_GELU_TANH_F32_H
#define PUFFER_EDGE_GELU_TANH_F32_H
#include "tanh_rational_f32.h"

/* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, torch's GELU(approximate="tanh"). From
 * |x| = 4.86 on x is replaced by a point where the hyperbolic tangent is exactly 1, so that the
 * result is exactly x or 0: benchmarks/fit_functions.py. Max error 1e-6 + 2e-7 |result|; NaN gives
 * 0. */
static inline float puffer_edge_gelu_tanh_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -0x1.370a3ep+2f ? x : -0x1.327208p+2f);
    const float u = puffer_edge_opaque_f32(above < 0x1.370a3ep+2f ? above : 0x1.327208p+2f);
    const float inner = (0x1.2444f2p-5f * (u * u) + 0x1.988454p-1f) * u;
    return 0.5f * above * (puffer_edge_tanh_rational_f32(inner) + 1.0f);
}
#endif
