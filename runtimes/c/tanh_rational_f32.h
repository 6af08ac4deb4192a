#ifndef PUFFER_EDGE_TANH_RATIONAL_F32_H
#define PUFFER_EDGE_TANH_RATIONAL_F32_H
#include "opaque_f32.h"

/* tanh(x) ~ x P(x^2) / Q(x^2) for |x| <= 8: never above 1 in magnitude, and exactly +-1 at
 * +-TANH_ONE_F32. Callers map every |x| >= 8 there, so that saturation costs no clamp of the
 * result. Minimax fit: benchmarks/fit_functions.py. Max error 4.3e-7. */
#define PUFFER_EDGE_TANH_BOUND_F32 0x1p+3f
#define PUFFER_EDGE_TANH_ONE_F32 0x1.eefb72p+2f

static inline float puffer_edge_tanh_rational_f32(float x)
{
    const float y = x * x;
    const float p =
        ((0x1.754cbcp+5f * y + 0x1.7ae58ep+13f) * y + 0x1.04252ep+19f) * y + 0x1.f79fdap+21f;
    const float q =
        (((y + 0x1.e8f3f2p+9f) * y + 0x1.7efa44p+16f) * y + 0x1.d1d1f2p+20f) * y + 0x1.f79ffp+21f;
    return x * p / q;
}
#endif
