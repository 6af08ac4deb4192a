/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MASK_S16_H
#define PUFFER_EDGE_MASK_S16_H
#include "base.h"

/* The lowest integer for a choice that may not be taken, and for no other. */
static inline int16_t puffer_edge_mask_s16(int16_t x, int allowed)
{
    const int16_t lowest = INT16_MIN, least = INT16_MIN + 1;
    const int16_t raised = x == lowest ? least : x;
    return allowed ? raised : lowest;
}
#endif
