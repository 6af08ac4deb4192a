/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GRU_CELL_F32_H
#define PUFFER_EDGE_GRU_CELL_F32_H
#include "gemm_f32.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* One step of a GRU: n = tanh(n_x + sigmoid(r) * n_h), h' = n + sigmoid(z) * (h - n).
 *
 * w is weight_ih as gemm_f32 wants it, rows r, z, n_x; recurrent_rz and recurrent_n are weight_hh's
 * rows r, z and n. bias holds b_r, b_z (the sums of torch's two), b_nx, b_nh. gates is scratch of
 * 4 * h_size. y must not overlap x or h. */
PUFFER_EDGE_KERNEL void puffer_edge_gru_cell_f32(const float *x, const float *h, const float *w,
                                                 const float *recurrent_rz,
                                                 const float *recurrent_n, const float *bias,
                                                 float *gates, float *y, int32_t x_size,
                                                 int32_t h_size)
{
    puffer_edge_gemm_f32(x, w, bias, gates, x_size, 3 * h_size);
    puffer_edge_gemm_f32(h, recurrent_rz, gates, gates, h_size, 2 * h_size);
    puffer_edge_gemm_f32(h, recurrent_n, bias + 3 * h_size, gates + 3 * h_size, h_size, h_size);
    for (int32_t i = 0; i < h_size; ++i) {
        const float r = puffer_edge_sigmoid_f32(gates[i]);
        const float z = puffer_edge_sigmoid_f32(gates[h_size + i]);
        const float n = puffer_edge_tanh_f32(gates[2 * h_size + i] + r * gates[3 * h_size + i]);
        y[i] = n + z * (h[i] - n);
    }
}
#endif
