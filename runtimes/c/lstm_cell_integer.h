#ifndef PUFFER_EDGE_LSTM_CELL_INTEGER_H
#define PUFFER_EDGE_LSTM_CELL_INTEGER_H
#include "gates.h"

/* What a cell needs beside its matrices. The rounding of the first shift is in the biases. */
typedef struct {
    const int32_t *bias, *recurrent_bias;                 /* [unit][i, f, g, o] */
    const puffer_edge_requantize_t *q, *recurrent_q;      /* [unit][i, f, g, o] */
    const int16_t *tanh_table;
    puffer_edge_requantize_t output;                      /* from o * tanh(c') to h */
    int32_t output_rounding;                              /* of its first shift */
    int32_t recurrent_bias_step; /* from unit to unit; 0 where all have the same */
    int32_t x_size, h_size, cell_bits, zero_point, low, high;
} puffer_edge_lstm_t;

/* One step of an LSTM; weights are packed as mac_<types>.h says of x and of h, the four gates of a unit are the
 * rows of a block. y_c may be c; y_h must not overlap x or h. */
#define PUFFER_EDGE_LSTM_CELL_INTEGER(NAME, X_TYPES, X, H_TYPES, H, W)                             \
    PUFFER_EDGE_KERNEL void puffer_edge_lstm_cell_##NAME(const X *x, const H *h, const int16_t *c,             \
                                             const W *w, const W *recurrent,                       \
                                             const puffer_edge_lstm_t *p, H *y_h, int16_t *y_c)    \
    {                                                                                              \
        const int32_t shift = p->cell_bits - 12;                                                   \
        const int16_t *const t = p->tanh_table;                                                    \
        const int32_t *bias = p->bias, *recurrent_bias = p->recurrent_bias;                        \
        const puffer_edge_requantize_t *q = p->q, *recurrent_q = p->recurrent_q;                   \
        for (int32_t unit = p->h_size; unit > 0; --unit) {                                         \
            int32_t over_x[4], over_h[4];                                                          \
            puffer_edge_mac4_##X_TYPES(x, w, bias, over_x, p->x_size);                                         \
            puffer_edge_mac4_##H_TYPES(h, recurrent, recurrent_bias, over_h, p->h_size);                       \
            const int32_t i = puffer_edge_gate_sum(over_x[0], q, over_h[0], recurrent_q);                      \
            const int32_t f = puffer_edge_gate_sum(over_x[1], q + 1, over_h[1], recurrent_q + 1);              \
            const int32_t g = puffer_edge_gate_sum(over_x[2], q + 2, over_h[2], recurrent_q + 2);              \
            const int32_t o = puffer_edge_gate_sum(over_x[3], q + 3, over_h[3], recurrent_q + 3);              \
            const int32_t kept = (puffer_edge_gate_sigmoid(t, f) * *c++ + (1 << 14)) >> 15;                    \
            const int32_t added = (puffer_edge_gate_sigmoid(t, i) * puffer_edge_gate_tanh(t, g) +                          \
                                   (INT32_C(1) << (28 - p->cell_bits))) >> (29 - p->cell_bits);    \
            const int32_t cell = puffer_edge_saturate_s16(kept + added);                                       \
            const int32_t scaled = shift >= 0 ? (cell + ((INT32_C(1) << shift) >> 1)) >> shift     \
                                              : cell * (INT32_C(1) << -shift);                     \
            const int32_t hidden = puffer_edge_gate_sigmoid(t, o) * puffer_edge_gate_tanh(t, puffer_edge_saturate_s16(scaled));        \
            *y_c++ = (int16_t)cell;                                                                \
            *y_h++ = (H)puffer_edge_clamp_s32(                                                                 \
                puffer_edge_requantize(hidden + p->output_rounding, &p->output, p->zero_point), p->low,        \
                p->high);                                                                          \
            bias += 4;                                                                             \
            recurrent_bias += p->recurrent_bias_step;                                              \
            q += 4;                                                                                \
            recurrent_q += 4;                                                                      \
            w += 4 * p->x_size;                                                                    \
            recurrent += 4 * p->h_size;                                                            \
        }                                                                                          \
    }
#endif
