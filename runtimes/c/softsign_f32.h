/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SOFTSIGN_F32_H
#define PUFFER_EDGE_SOFTSIGN_F32_H
#include "abs_f32.h"

/* x / (1 + |x|). Max error 1.2e-7 of the result; NaN and infinity give NaN. */
static inline float puffer_edge_softsign_f32(float x)
{
    return x / (1.0f + puffer_edge_abs_f32(x));
}
#endif
