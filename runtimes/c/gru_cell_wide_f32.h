/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GRU_CELL_WIDE_F32_H
#define PUFFER_EDGE_GRU_CELL_WIDE_F32_H
#include "gemm_wide_f32.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* gru_cell_f32 for computers, for each of some rows of x, h, gates and y, which are as far apart as
 * their steps say; weights are as gemm_wide_f32 wants them. */
PUFFER_EDGE_KERNEL void puffer_edge_gru_cell_wide_f32(
    const float *x, int32_t x_step, const float *h, int32_t h_step, const float *w,
    const float *recurrent_rz, const float *recurrent_n, const float *bias, float *gates,
    int32_t gates_step, float *y, int32_t y_step, int32_t x_size, int32_t h_size, int32_t rows)
{
    float *const n_h = gates + 3 * h_size;
    puffer_edge_gemm_wide_f32(x, x_step, NULL, w, bias, 0, gates, gates_step, x_size, 3 * h_size, rows, 0);
    puffer_edge_gemm_wide_f32(h, h_step, NULL, recurrent_rz, gates, gates_step, gates, gates_step, h_size,
                              2 * h_size, rows, 0);
    puffer_edge_gemm_wide_f32(h, h_step, NULL, recurrent_n, bias + 3 * h_size, 0, n_h, gates_step, h_size,
                              h_size, rows, 0);
    for (; rows > 0; --rows) {
        for (int32_t i = 0; i < h_size; ++i) {
            const float r = puffer_edge_sigmoid_f32(gates[i]);
            const float z = puffer_edge_sigmoid_f32(gates[h_size + i]);
            const float n =
                puffer_edge_tanh_f32(gates[2 * h_size + i] + r * gates[3 * h_size + i]);
            y[i] = n + z * (h[i] - n);
        }
        gates += gates_step;
        h += h_step;
        y += y_step;
    }
}
#endif
