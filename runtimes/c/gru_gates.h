/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GRU_GATES_H
#define PUFFER_EDGE_GRU_GATES_H
#include "gru_parameters.h"

/* The new memory and hidden state of a unit, from its sums: those of r, z and n over x and over h, which
 * are as far apart as step says. */
static inline int32_t puffer_edge_gru_unit(const int32_t *over_x, const int32_t *over_h,
                                           const puffer_edge_requantize_t *q,
                                           const puffer_edge_requantize_t *recurrent_q,
                                           const puffer_edge_gru_t *p, int32_t step,
                                           int32_t memory, int16_t *y_memory)
{
    const int16_t *const t = p->tanh_table;
    const int32_t shift = p->reset_bits + 3, z = step, n = 2 * step;
    const int32_t reset = puffer_edge_gate_sigmoid(
        t, puffer_edge_gate_sum(over_x[0], q, over_h[0], recurrent_q));
    const int32_t update = puffer_edge_gate_sigmoid(
        t, puffer_edge_gate_sum(over_x[z], q + z, over_h[z], recurrent_q + z));
    const int32_t gated =
        reset * puffer_edge_saturate_s16(PUFFER_EDGE_REQUANTIZE(over_h[n], recurrent_q + n, 0)) +
        (INT32_C(1) << (shift - 1));
    const int32_t candidate = puffer_edge_gate_tanh(
        t, puffer_edge_saturate_s16(PUFFER_EDGE_REQUANTIZE(over_x[n], q + n, gated >> shift)));
    const int32_t next = (update * memory + (32768 - update) * candidate + (1 << 14)) >> 15;
    *y_memory = (int16_t)next;
    return puffer_edge_clamp_s32(
        puffer_edge_requantize(next + p->output_rounding, &p->output, p->zero_point), p->low,
        p->high);
}
#endif
