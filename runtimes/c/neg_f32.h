/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_NEG_F32_H
#define PUFFER_EDGE_NEG_F32_H

/* -x, exact; NaN stays NaN. */
static inline float puffer_edge_neg_f32(float x)
{
    return -x;
}
#endif
