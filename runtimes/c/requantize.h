#ifndef PUFFER_EDGE_REQUANTIZE_H
#define PUFFER_EDGE_REQUANTIZE_H
#include "base.h"

/* From a 32-bit sum to an activation. The exporter has proved that no intermediate leaves
 * [-2^30, 2^30 - 1] for any input, so there is no 64-bit product and no overflow. */
typedef struct {
    int16_t multiplier;
    uint8_t pre_shift, shift;
} puffer_edge_requantize_t;

/* Shifts of negative numbers must be arithmetic, as in every compiler for these cores. */
typedef char puffer_edge_arithmetic_shift[(-1 >> 1) == -1 ? 1 : -1];

static inline int32_t requantize(int32_t sum, const puffer_edge_requantize_t *q)
{
    const int32_t reduced = (sum + ((INT32_C(1) << q->pre_shift) >> 1)) >> q->pre_shift;
    return (reduced * q->multiplier + ((INT32_C(1) << q->shift) >> 1)) >> q->shift;
}

static inline int32_t clamp_s32(int32_t x, int32_t low, int32_t high)
{
    const int32_t above = x > low ? x : low;
    return above < high ? above : high;
}
#endif
