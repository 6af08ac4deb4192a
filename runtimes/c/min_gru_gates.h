/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MIN_GRU_GATES_H
#define PUFFER_EDGE_MIN_GRU_GATES_H
#include "min_gru_parameters.h"

/* The new state and the output of a unit, from its x and the sums of a, g and p, which are as far apart
 * as step says. */
static inline int32_t puffer_edge_min_gru_unit(const int32_t *sums,
                                               const puffer_edge_requantize_t *q,
                                               const puffer_edge_min_gru_t *p, int32_t step,
                                               int32_t x, int32_t h, int16_t *y_h)
{
    const int16_t *const t = p->tanh_table;
    const int32_t g = step, o = 2 * step;
    const int32_t candidate =
        puffer_edge_min_gru_candidate(t, PUFFER_EDGE_REQUANTIZE(sums[0], q, 0), p->bits);
    const int32_t update = puffer_edge_gate_sigmoid(
        t, puffer_edge_saturate_15(PUFFER_EDGE_REQUANTIZE(sums[g], q + g, 0)));
    const int32_t through = puffer_edge_gate_sigmoid(
        t, puffer_edge_saturate_15(PUFFER_EDGE_REQUANTIZE(sums[o], q + o, 0)));
    const int32_t state = puffer_edge_weighted_mean(update, candidate, h);
    const int32_t around = puffer_edge_saturate_15((x * p->x_factor + p->x_bias) >> p->x_shift);
    const int32_t mixed = puffer_edge_weighted_mean(through, state, around);
    *y_h = (int16_t)state;
    return puffer_edge_clamp_s32(
        puffer_edge_requantize(mixed + p->output_rounding, &p->output, p->zero_point), p->low,
        p->high);
}
#endif
