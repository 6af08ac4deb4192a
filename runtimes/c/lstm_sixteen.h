/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_SIXTEEN_H
#define PUFFER_EDGE_LSTM_SIXTEEN_H
#include "gates16.h"
#include "lstm_parameters.h"

/* lstm_cell_<types> for up to sixteen units at once. */
#if defined(PUFFER_EDGE_DOT16)
/* The gates of four units, [unit][i, f, g, o], before their functions, to sum[gate][unit], where a gate
 * has sixteen units. */
static inline void puffer_edge_lstm_sums16(const int32_t *over_x, const puffer_edge_requantize_t *q,
                                           const int32_t *over_h,
                                           const puffer_edge_requantize_t *recurrent_q, int32_t *sum)
{
    const puffer_edge_s32x16_t v = puffer_edge_gate_sum16(over_x, q, over_h, recurrent_q);
    for (int32_t gate = 0; gate < 4; ++gate) {
        for (int32_t unit = 0; unit < 4; ++unit) {
            sum[16 * gate + unit] = v[4 * unit + gate];
        }
    }
}

/* c becomes the new cells, and h what is seen of them. */
static inline void puffer_edge_lstm_units16(const int32_t *sum, const puffer_edge_lstm_t *p,
                                            puffer_edge_s32x16_t *c, puffer_edge_s32x16_t *h)
{
    const puffer_edge_s32x16_t *const v = (const puffer_edge_s32x16_t *)(const void *)sum;
    const int16_t *const t = p->tanh_table;
    const int32_t shift = p->cell_bits - 12;
    const puffer_edge_s32x16_t kept = (puffer_edge_gate_sigmoid16(t, v[1]) * *c + (1 << 14)) >> 15;
    const puffer_edge_s32x16_t product =
        puffer_edge_gate_sigmoid16(t, v[0]) * puffer_edge_gate_tanh16(t, v[2]);
    const puffer_edge_s32x16_t added =
        (product + (INT32_C(1) << (28 - p->cell_bits))) >> (29 - p->cell_bits);
    const puffer_edge_s32x16_t cell = puffer_edge_clamp16(kept + added, -32768, 32767);
    const puffer_edge_s32x16_t scaled = shift >= 0
                                            ? (cell + ((INT32_C(1) << shift) >> 1)) >> shift
                                            : cell * (INT32_C(1) << -shift);
    const puffer_edge_s32x16_t hidden =
        puffer_edge_gate_sigmoid16(t, v[3]) * puffer_edge_gate_tanh16(t, scaled);
    const puffer_edge_s32x16_t seen =
        ((hidden + p->output_rounding) >> p->output.pre_shift) * p->output.multiplier;
    *c = cell;
    *h = puffer_edge_clamp16(
        ((seen + ((INT32_C(1) << p->output.shift) >> 1)) >> p->output.shift) + p->zero_point,
        p->low, p->high);
}
#endif
#endif
