/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_CELL_FLUSHED_F32_H
#define PUFFER_EDGE_LSTM_CELL_FLUSHED_F32_H
#include "mac_flushed_f32.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* As lstm_cell_f32, with the sums of the gates in floats as Helium has them: four units, 16 gates, at
 * a time, w[k][unit][i, f, g, o], then the units that are left one by one. */
PUFFER_EDGE_KERNEL void puffer_edge_lstm_cell_flushed_f32(
    const float *x, const float *h, const float *c, const float *w, const float *recurrent,
    const float *bias, float *y_h, float *y_c, int32_t x_size, int32_t h_size)
{
    int32_t count;
    for (int32_t left = h_size; left > 0; left -= count) {
        float gates[16];
        count = left >= 4 ? 4 : 1;
        PUFFER_EDGE_COPY(gates, bias, (size_t)(4 * count) * sizeof *gates);
        puffer_edge_mac_flushed_f32(x, w, gates, x_size, 4 * count);
        puffer_edge_mac_flushed_f32(h, recurrent, gates, h_size, 4 * count);
        for (int32_t unit = 0; unit < count; ++unit) {
            const float *const gate = gates + 4 * unit;
            const float kept = puffer_edge_sigmoid_f32(gate[1]) * *c++;
            const float cell =
                kept + puffer_edge_sigmoid_f32(gate[0]) * puffer_edge_tanh_f32(gate[2]);
            *y_c++ = cell;
            *y_h++ = puffer_edge_sigmoid_f32(gate[3]) * puffer_edge_tanh_f32(cell);
        }
        w += 4 * count * x_size;
        recurrent += 4 * count * h_size;
        bias += 4 * count;
    }
}
#endif
