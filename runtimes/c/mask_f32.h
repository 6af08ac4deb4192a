/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MASK_F32_H
#define PUFFER_EDGE_MASK_F32_H
#include "base.h"

/* The lowest float for a choice that may not be taken, and for no other. */
static inline float puffer_edge_mask_f32(float x, int allowed)
{
    const float lowest = -3.40282347e+38f, least = -3.40282326e+38f;
    const float raised = x == lowest ? least : x;
    return allowed ? raised : lowest;
}
#endif
