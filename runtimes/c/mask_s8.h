/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MASK_S8_H
#define PUFFER_EDGE_MASK_S8_H
#include "base.h"

/* The lowest integer for a choice that may not be taken, and for no other. */
static inline int8_t puffer_edge_mask_s8(int8_t x, int allowed)
{
    const int8_t lowest = INT8_MIN, least = INT8_MIN + 1;
    const int8_t raised = x == lowest ? least : x;
    return allowed ? raised : lowest;
}
#endif
