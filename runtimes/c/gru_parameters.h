/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GRU_PARAMETERS_H
#define PUFFER_EDGE_GRU_PARAMETERS_H
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
#endif
