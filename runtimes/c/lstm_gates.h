/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_GATES_H
#define PUFFER_EDGE_LSTM_GATES_H
#include "gates.h"

/* The gates of a unit, i, f, g and o, from the sums of each over x and over h. */
static inline void puffer_edge_lstm_gates(const int32_t *over_x, const puffer_edge_requantize_t *q,
                                          const int32_t *over_h,
                                          const puffer_edge_requantize_t *recurrent_q,
                                          const int16_t *table, int32_t *gate)
{
    gate[0] = puffer_edge_gate_sigmoid(
        table, puffer_edge_gate_sum(over_x[0], q, over_h[0], recurrent_q));
    gate[1] = puffer_edge_gate_sigmoid(
        table, puffer_edge_gate_sum(over_x[1], q + 1, over_h[1], recurrent_q + 1));
    gate[2] = puffer_edge_gate_tanh(
        table, puffer_edge_gate_sum(over_x[2], q + 2, over_h[2], recurrent_q + 2));
    gate[3] = puffer_edge_gate_sigmoid(
        table, puffer_edge_gate_sum(over_x[3], q + 3, over_h[3], recurrent_q + 3));
}
#endif
