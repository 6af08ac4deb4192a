#ifndef PUFFER_EDGE_ERF_F32_H
#define PUFFER_EDGE_ERF_F32_H
#include "opaque_f32.h"

/* erf(x) ~ x P(x^2) / Q(x^2), in [-1, 1] for every input, odd. From |x| = 3.65 on x is replaced by
 * a point where the rational is exactly 1. Minimax fit: benchmarks/fit_functions.py. Max error
 * 4.7e-7 over all floats; NaN gives -1. */
static inline float puffer_edge_erf_f32(float x)
{
    const float above = puffer_edge_opaque_f32(x > -0x1.d33334p+1f ? x : -0x1.cbfdaep+1f);
    const float u = puffer_edge_opaque_f32(above < 0x1.d33334p+1f ? above : 0x1.cbfdaep+1f);
    const float y = u * u;
    const float p =
        (((0x1.05a80cp+4f * y + 0x1.b584a6p+8f) * y + 0x1.e984fp+11f) * y + 0x1.114286p+14f) * y +
        0x1.17a606p+16f;
    const float q =
        ((((y + 0x1.bc0d9ep+6f) * y + 0x1.5005d4p+10f) * y + 0x1.24015cp+13f) * y +
         0x1.1e4d22p+15f) * y + 0x1.efaa18p+15f;
    return u * p / q;
}
#endif
