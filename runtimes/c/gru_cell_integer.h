#ifndef PUFFER_EDGE_GRU_CELL_INTEGER_H
#define PUFFER_EDGE_GRU_CELL_INTEGER_H
#include "gates.h"

/* What a cell needs beside its matrices. Rows of four units at a time lie as [r, z, n][unit], those
 * of the units that are left as [unit][r, z, n]. The rounding of the first shift is in the biases. */
typedef struct {
    const int32_t *bias, *recurrent_bias;
    const puffer_edge_requantize_t *q, *recurrent_q;
    const int16_t *tanh_table;
    puffer_edge_requantize_t output;                      /* from memory to h */
    int32_t output_rounding;                              /* of its first shift */
    int32_t x_size, h_size, reset_bits, zero_point, low, high;
} puffer_edge_gru_t;

/* One step of a GRU; weights are packed as mac_<types>.h says of x and of h. memory is the hidden
 * state with 14 fractional bits, h its image. y_memory may be memory; y must not overlap x or h. */
#define PUFFER_EDGE_GRU_CELL_INTEGER(NAME, X_TYPES, X, H_TYPES, H, W)                              \
    PUFFER_EDGE_KERNEL void puffer_edge_gru_cell_##NAME(const X *x, const H *h, const int16_t *memory,         \
                                            const W *w, const W *recurrent,                        \
                                            const puffer_edge_gru_t *p, H *y, int16_t *y_memory)   \
    {                                                                                              \
        const int16_t *const t = p->tanh_table;                                                    \
        const int32_t *bias = p->bias, *recurrent_bias = p->recurrent_bias;                        \
        const puffer_edge_requantize_t *q = p->q, *recurrent_q = p->recurrent_q;                   \
        const int32_t shift = p->reset_bits + 3;                                                   \
        int32_t count;                                                                             \
        for (int32_t left = p->h_size; left > 0; left -= count) {                                  \
            int32_t over_x[12], over_h[12];                                                        \
            count = left >= 4 ? 4 : 1;                                                             \
            for (int32_t gate = 0; gate < 3; ++gate) {                                             \
                if (count == 4) {                                                                  \
                    puffer_edge_mac4_##X_TYPES(x, w, bias, over_x + 4 * gate, p->x_size);                      \
                    puffer_edge_mac4_##H_TYPES(h, recurrent, recurrent_bias, over_h + 4 * gate, p->h_size);    \
                } else {                                                                           \
                    over_x[gate] = puffer_edge_mac1_##X_TYPES(x, w, *bias, p->x_size);                         \
                    over_h[gate] = puffer_edge_mac1_##H_TYPES(h, recurrent, *recurrent_bias, p->h_size);       \
                }                                                                                  \
                bias += count;                                                                     \
                recurrent_bias += count;                                                           \
                w += count * p->x_size;                                                            \
                recurrent += count * p->h_size;                                                    \
            }                                                                                      \
            for (int32_t unit = 0; unit < count; ++unit) {                                         \
                const int32_t z = unit + count, n = z + count;                                     \
                const int32_t reset = puffer_edge_gate_sigmoid(                                                \
                    t, puffer_edge_gate_sum(over_x[unit], q + unit, over_h[unit], recurrent_q + unit));        \
                const int32_t update =                                                             \
                    puffer_edge_gate_sigmoid(t, puffer_edge_gate_sum(over_x[z], q + z, over_h[z], recurrent_q + z));       \
                const int32_t gated =                                                              \
                    reset * puffer_edge_saturate_s16(puffer_edge_requantize(over_h[n], recurrent_q + n, 0)) +              \
                    (INT32_C(1) << (shift - 1));                                                   \
                const int32_t candidate =                                                          \
                    puffer_edge_gate_tanh(t, puffer_edge_saturate_s16(puffer_edge_requantize(over_x[n], q + n, gated >> shift)));      \
                const int32_t next = (update * *memory++ + (32768 - update) * candidate +          \
                                      (1 << 14)) >> 15;                                            \
                *y_memory++ = (int16_t)next;                                                       \
                *y++ = (H)puffer_edge_clamp_s32(                                                               \
                    puffer_edge_requantize(next + p->output_rounding, &p->output, p->zero_point), p->low,      \
                    p->high);                                                                      \
            }                                                                                      \
            q += 3 * count;                                                                        \
            recurrent_q += 3 * count;                                                              \
        }                                                                                          \
    }
#endif
