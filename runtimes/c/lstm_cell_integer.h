#ifndef PUFFER_EDGE_LSTM_CELL_INTEGER_H
#define PUFFER_EDGE_LSTM_CELL_INTEGER_H
#include "requantize.h"
#include "table.h"

/* 2^14 tanh(x / 2^12) from the table of tanh over [0, 8), 32 segments per unit. */
static inline int32_t gate_tanh(const int16_t *table, int32_t x)
{
    const int32_t size = x < 0 ? -x : x;
    const int32_t y = table_lookup(table, size < 32767 ? size : 32767, 7);
    return x < 0 ? -y : y;
}

/* 2^15 sigmoid(x / 2^11) = 2^14 (1 + tanh(x / 2^12)), at most 2^15 - 1. */
static inline int32_t gate_sigmoid(const int16_t *table, int32_t x)
{
    const int32_t y = 16384 + gate_tanh(table, x);
    return y < 32767 ? y : 32767;
}

/* What a cell needs beside its matrices. The rounding of the first shift is in the biases. */
typedef struct {
    const int32_t *bias, *recurrent_bias;                 /* [unit][i, f, g, o] */
    const puffer_edge_requantize_t *q, *recurrent_q;      /* [unit][i, f, g, o] */
    const int16_t *tanh_table;
    puffer_edge_requantize_t output;                      /* from o * tanh(c') to h */
    int32_t output_rounding;                              /* of its first shift */
    int32_t x_size, h_size, cell_bits, zero_point, low, high;
} puffer_edge_lstm_t;

/* One step of an LSTM; weights are packed as mac_<types>.h says, the four gates of a unit are the four
 * rows of a block. y_c may be c; y_h must not overlap x or h. */
#define PUFFER_EDGE_LSTM_CELL_INTEGER(TYPES, X, W)                                                 \
    PUFFER_EDGE_KERNEL void lstm_cell_##TYPES(const X *x, const X *h, const int16_t *c,            \
                                              const W *w, const W *recurrent,                      \
                                              const puffer_edge_lstm_t *p, X *y_h, int16_t *y_c)   \
    {                                                                                              \
        const int32_t shift = p->cell_bits - 12;                                                   \
        const int16_t *const t = p->tanh_table;                                                    \
        const int32_t *bias = p->bias, *recurrent_bias = p->recurrent_bias;                        \
        const puffer_edge_requantize_t *q = p->q, *recurrent_q = p->recurrent_q;                   \
        for (int32_t unit = p->h_size; unit > 0; --unit) {                                         \
            int32_t gate[4] = {bias[0], bias[1], bias[2], bias[3]};                                \
            int32_t over_h[4] = {recurrent_bias[0], recurrent_bias[1], recurrent_bias[2],          \
                                 recurrent_bias[3]};                                               \
            mac4_##TYPES(x, w, gate, p->x_size);                                                   \
            mac4_##TYPES(h, recurrent, over_h, p->h_size);                                         \
            for (int32_t i = 0; i < 4; ++i) {                                                      \
                const int32_t a = requantize(gate[i], q + i, 0);                                   \
                gate[i] = clamp_s32(requantize(over_h[i], recurrent_q + i, a), -32768, 32767);     \
            }                                                                                      \
            const int32_t kept = (gate_sigmoid(t, gate[1]) * *c++ + (1 << 14)) >> 15;              \
            const int32_t added = (gate_sigmoid(t, gate[0]) * gate_tanh(t, gate[2]) +              \
                                   (INT32_C(1) << (28 - p->cell_bits))) >> (29 - p->cell_bits);    \
            const int32_t cell = clamp_s32(kept + added, -32768, 32767);                           \
            const int32_t scaled = shift >= 0 ? (cell + ((INT32_C(1) << shift) >> 1)) >> shift     \
                                              : cell * (INT32_C(1) << -shift);                     \
            const int32_t hidden = gate_sigmoid(t, gate[3]) *                                      \
                                   gate_tanh(t, clamp_s32(scaled, -32768, 32767));                 \
            *y_c++ = (int16_t)cell;                                                                \
            *y_h++ = (X)clamp_s32(                                                                 \
                requantize(hidden + p->output_rounding, &p->output, p->zero_point), p->low,        \
                p->high);                                                                          \
            bias += 4;                                                                             \
            recurrent_bias += 4;                                                                   \
            q += 4;                                                                                \
            recurrent_q += 4;                                                                      \
            w += 4 * p->x_size;                                                                    \
            recurrent += 4 * p->h_size;                                                            \
        }                                                                                          \
    }
#endif
