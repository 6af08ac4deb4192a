/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MIN_GRU_PARAMETERS_H
#define PUFFER_EDGE_MIN_GRU_PARAMETERS_H
#include "gates.h"

/* What a cell needs beside its matrix. Rows of four units at a time lie as [a, g, p][unit], those of
 * the units that are left as [unit][a, g, p]. The rounding of the first shift is in the bias. */
typedef struct {
    const int32_t *bias;
    const puffer_edge_requantize_t *q;
    const int16_t *tanh_table;
    int32_t x_factor, x_bias, x_shift;                    /* from x to the state's scale */
    puffer_edge_requantize_t output;                      /* from there to y */
    int32_t output_rounding;                              /* of its first shift */
    int32_t size, bits, zero_point, low, high;
} puffer_edge_min_gru_t;

static inline int32_t puffer_edge_saturate_15(int32_t x)
{
    return puffer_edge_clamp_s32(x, -32767, 32767);
}

/* max(a, 0) + sigmoid(min(a, 0)), so that no branch is needed, with the state's bits; a has
 * max(bits, 11). */
static inline int32_t puffer_edge_min_gru_candidate(const int16_t *table, int32_t a, int32_t bits)
{
    const int32_t to_state = bits < 11 ? 11 - bits : 0, to_gate = bits > 11 ? bits - 11 : 0;
    const int32_t below = a & (a >> 31), above = a - below;
    const int32_t straight = (above + ((INT32_C(1) << to_state) >> 1)) >> to_state;
    const int32_t gate =
        puffer_edge_saturate_15((below + ((INT32_C(1) << to_gate) >> 1)) >> to_gate);
    const int32_t curved =
        (puffer_edge_gate_sigmoid(table, gate) + (INT32_C(1) << (14 - bits))) >> (15 - bits);
    return puffer_edge_clamp_s32(straight + curved, 0, 32767);
}

/* The mean of a and b whose weights add up to 2^15. */
static inline int32_t puffer_edge_weighted_mean(int32_t weight, int32_t a, int32_t b)
{
    return (weight * a + (32768 - weight) * b + (1 << 14)) >> 15;
}
#endif
