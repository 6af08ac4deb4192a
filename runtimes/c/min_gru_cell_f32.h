/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MIN_GRU_CELL_F32_H
#define PUFFER_EDGE_MIN_GRU_CELL_F32_H
#include "gemm_f32.h"
#include "opaque_f32.h"
#include "relu_f32.h"
#include "sigmoid_f32.h"

/* One step of a MinGRU with its highway: h' = h + sigmoid(g) * (c - h), y = x + sigmoid(p) * (h' - x)
 * where the candidate c is a + 1/2 for a >= 0 and sigmoid(a) below.
 *
 * w is as gemm_f32 wants it, rows a, g, p. gates is scratch of 3 * size. y may be x, y_h may be h. */
PUFFER_EDGE_KERNEL void puffer_edge_min_gru_cell_f32(const float *x, const float *h, const float *w,
                                                     float *gates, float *y, float *y_h,
                                                     int32_t size)
{
    puffer_edge_gemm_f32(x, w, NULL, gates, size, 3 * size);
    for (int32_t i = 0; i < size; ++i) {
        const float a = gates[i], v = x[i];
        /* max(a, 0) + sigmoid(min(a, 0)), so that no branch is needed. */
        const float candidate =
            puffer_edge_relu_f32(a) +
            puffer_edge_sigmoid_f32(puffer_edge_opaque_f32(a < 0.0f ? a : 0.0f));
        const float g = puffer_edge_sigmoid_f32(gates[size + i]);
        const float p = puffer_edge_sigmoid_f32(gates[2 * size + i]);
        const float after = h[i] + g * (candidate - h[i]);
        y_h[i] = after;
        y[i] = v + p * (after - v);
    }
}
#endif
