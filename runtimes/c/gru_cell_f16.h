/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GRU_CELL_F16_H
#define PUFFER_EDGE_GRU_CELL_F16_H
#include "gemm_f16.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* As gru_cell_f32, bit for bit, from weights that are halves. */
PUFFER_EDGE_KERNEL void puffer_edge_gru_cell_f16(const float *x, const float *h, const uint16_t *w,
                                                 const uint16_t *recurrent_rz,
                                                 const uint16_t *recurrent_n, const float *bias,
                                                 float *gates, float *y, int32_t x_size,
                                                 int32_t h_size)
{
    puffer_edge_gemm_f16(x, w, bias, gates, x_size, 3 * h_size);
    puffer_edge_gemm_f16(h, recurrent_rz, gates, gates, h_size, 2 * h_size);
    puffer_edge_gemm_f16(h, recurrent_n, bias + 3 * h_size, gates + 3 * h_size, h_size, h_size);
    for (int32_t i = 0; i < h_size; ++i) {
        const float r = puffer_edge_sigmoid_f32(gates[i]);
        const float z = puffer_edge_sigmoid_f32(gates[h_size + i]);
        const float n = puffer_edge_tanh_f32(gates[2 * h_size + i] + r * gates[3 * h_size + i]);
        y[i] = n + z * (h[i] - n);
    }
}
#endif
