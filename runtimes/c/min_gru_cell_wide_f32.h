#ifndef PUFFER_EDGE_MIN_GRU_CELL_WIDE_F32_H
#define PUFFER_EDGE_MIN_GRU_CELL_WIDE_F32_H
#include "gemm_wide_f32.h"
#include "opaque_f32.h"
#include "relu_f32.h"
#include "sigmoid_f32.h"

/* min_gru_cell_f32 for computers, for each of some rows of x, h, gates, y and y_h, which are as far
 * apart as their steps say; w is as gemm_wide_f32 wants it. */
PUFFER_EDGE_KERNEL void puffer_edge_min_gru_cell_wide_f32(
    const float *x, int32_t x_step, const float *h, int32_t h_step, const float *w, float *gates,
    int32_t gates_step, float *y, int32_t y_step, float *y_h, int32_t y_h_step, int32_t size,
    int32_t rows)
{
    puffer_edge_gemm_wide_f32(x, x_step, w, NULL, 0, gates, gates_step, size, 3 * size, rows);
    for (; rows > 0; --rows) {
        for (int32_t i = 0; i < size; ++i) {
            const float a = gates[i], v = x[i];
            const float candidate =
                puffer_edge_relu_f32(a) +
                puffer_edge_sigmoid_f32(puffer_edge_opaque_f32(a < 0.0f ? a : 0.0f));
            const float g = puffer_edge_sigmoid_f32(gates[size + i]);
            const float p = puffer_edge_sigmoid_f32(gates[2 * size + i]);
            const float after = h[i] + g * (candidate - h[i]);
            y_h[i] = after;
            y[i] = v + p * (after - v);
        }
        gates += gates_step;
        x += x_step;
        h += h_step;
        y += y_step;
        y_h += y_h_step;
    }
}
#endif
