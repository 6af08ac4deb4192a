/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_PARAMETERS_H
#define PUFFER_EDGE_LSTM_PARAMETERS_H
#include "lstm_gates.h"

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
#endif
