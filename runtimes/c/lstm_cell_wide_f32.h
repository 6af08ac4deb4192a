/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_CELL_WIDE_F32_H
#define PUFFER_EDGE_LSTM_CELL_WIDE_F32_H
#include "block_f32.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* What the gates, [i, f, g, o] of up to 16 units, make of a cell: function by function over all 16, so
 * that compilers vectorise. */
static inline void puffer_edge_lstm_units_f32(const float *gate, const float *c, float *y_h,
                                              float *y_c, int32_t units)
{
    float i[16] = {0.0f}, f[16] = {0.0f}, g[16] = {0.0f}, o[16] = {0.0f}, cell[16] = {0.0f};
    for (int32_t n = 0; n < units; ++n) {
        i[n] = gate[4 * n];
        f[n] = gate[4 * n + 1];
        g[n] = gate[4 * n + 2];
        o[n] = gate[4 * n + 3];
        cell[n] = c[n];
    }
    for (int32_t n = 0; n < 16; ++n) {
        f[n] = puffer_edge_sigmoid_f32(f[n]);
    }
    for (int32_t n = 0; n < 16; ++n) {
        i[n] = puffer_edge_sigmoid_f32(i[n]);
    }
    for (int32_t n = 0; n < 16; ++n) {
        g[n] = puffer_edge_tanh_f32(g[n]);
    }
    for (int32_t n = 0; n < 16; ++n) {
        o[n] = puffer_edge_sigmoid_f32(o[n]);
    }
    for (int32_t n = 0; n < 16; ++n) {
        const float kept = f[n] * cell[n];
        cell[n] = kept + i[n] * g[n];
        g[n] = puffer_edge_tanh_f32(cell[n]);
    }
    for (int32_t n = 0; n < 16; ++n) {
        o[n] *= g[n];
    }
    memcpy(y_c, cell, (size_t)units * sizeof *y_c);
    memcpy(y_h, o, (size_t)units * sizeof *y_h);
}

/* lstm_cell_f32 for computers, for each of some rows of x, and of h and c, which are step apart: the
 * 64 gates of 16 units at a time, w[k][unit][i, f, g, o], then those of the units that are left. */
PUFFER_EDGE_KERNEL void puffer_edge_lstm_cell_wide_f32(
    const float *x, int32_t x_step, const float *h, int32_t h_step, const float *c, int32_t c_step,
    const float *w, const float *recurrent, const float *bias, float *y_h, int32_t y_h_step,
    float *y_c, int32_t y_c_step, int32_t x_size, int32_t h_size, int32_t rows)
{
    const float *from_x[PUFFER_EDGE_LANES], *from_h[PUFFER_EDGE_LANES];
    float gate[64 * PUFFER_EDGE_LANES];
    for (int32_t r = 0; r < rows; ++r) {
        from_x[r] = x + r * x_step;
        from_h[r] = h + r * h_step;
    }
    for (int32_t unit = 0; unit < h_size; unit += 16) {
        const int32_t units = h_size - unit < 16 ? h_size - unit : 16, gates = 4 * units;
        puffer_edge_block_f32(from_x, NULL, w, gates, bias, 0, gate, 64, x_size, gates, rows, 0);
        puffer_edge_block_f32(from_h, NULL, recurrent, gates, gate, 64, gate, 64, h_size, gates,
                              rows, 0);
        for (int32_t r = 0; r < rows; ++r) {
            float *const to_h = y_h + r * y_h_step + unit, *const to_c = y_c + r * y_c_step + unit;
            const float *const before = c + r * c_step + unit;
            if (units == 16) { /* a number that the compiler knows */
                puffer_edge_lstm_units_f32(gate + 64 * r, before, to_h, to_c, 16);
            } else {
                puffer_edge_lstm_units_f32(gate + 64 * r, before, to_h, to_c, units);
            }
        }
        w += gates * x_size;
        recurrent += gates * h_size;
        bias += gates;
    }
}
#endif
