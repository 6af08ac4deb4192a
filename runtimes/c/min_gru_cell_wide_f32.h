/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MIN_GRU_CELL_WIDE_F32_H
#define PUFFER_EDGE_MIN_GRU_CELL_WIDE_F32_H
#include "gemm_wide_f32.h"
#include "opaque_f32.h"
#include "relu_f32.h"
#include "sigmoid_f32.h"

/* What the sums [a, g, p], each size apart, make of up to 16 units: in arrays of their own, so that
 * compilers vectorise although y may be x and y_h may be h. */
static inline void puffer_edge_min_gru_units_f32(const float *sums, int32_t size, const float *x,
                                                 const float *h, float *y, float *y_h,
                                                 int32_t units)
{
    float a[16] = {0.0f}, g[16] = {0.0f}, p[16] = {0.0f}, v[16] = {0.0f}, before[16] = {0.0f};
    memcpy(a, sums, (size_t)units * sizeof *a);
    memcpy(g, sums + size, (size_t)units * sizeof *g);
    memcpy(p, sums + 2 * size, (size_t)units * sizeof *p);
    memcpy(v, x, (size_t)units * sizeof *v);
    memcpy(before, h, (size_t)units * sizeof *before);
    for (int32_t n = 0; n < 16; ++n) {
        a[n] = puffer_edge_relu_f32(a[n]) +
               puffer_edge_sigmoid_f32(puffer_edge_opaque_f32(a[n] < 0.0f ? a[n] : 0.0f));
    }
    for (int32_t n = 0; n < 16; ++n) {
        g[n] = puffer_edge_sigmoid_f32(g[n]);
    }
    for (int32_t n = 0; n < 16; ++n) {
        p[n] = puffer_edge_sigmoid_f32(p[n]);
    }
    for (int32_t n = 0; n < 16; ++n) {
        const float after = before[n] + g[n] * (a[n] - before[n]);
        before[n] = after;
        v[n] = v[n] + p[n] * (after - v[n]);
    }
    memcpy(y_h, before, (size_t)units * sizeof *y_h);
    memcpy(y, v, (size_t)units * sizeof *y);
}

/* min_gru_cell_f32 for computers, for each of some rows of x, h, gates, y and y_h, which are as far
 * apart as their steps say; w is as gemm_wide_f32 wants it. */
PUFFER_EDGE_KERNEL void puffer_edge_min_gru_cell_wide_f32(
    const float *x, int32_t x_step, const float *h, int32_t h_step, const float *w, float *gates,
    int32_t gates_step, float *y, int32_t y_step, float *y_h, int32_t y_h_step, int32_t size,
    int32_t rows)
{
    puffer_edge_gemm_wide_f32(x, x_step, NULL, w, NULL, 0, gates, gates_step, size, 3 * size, rows, 0);
    for (; rows > 0; --rows) {
        for (int32_t unit = 0; unit < size; unit += 16) {
            puffer_edge_min_gru_units_f32(gates + unit, size, x + unit, h + unit, y + unit,
                                          y_h + unit, size - unit < 16 ? size - unit : 16);
        }
        gates += gates_step;
        x += x_step;
        h += h_step;
        y += y_step;
        y_h += y_h_step;
    }
}
#endif
