/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_CELL_F16_H
#define PUFFER_EDGE_LSTM_CELL_F16_H
#include "mac4_f16.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* As lstm_cell_f32, bit for bit, from weights that are halves. */
PUFFER_EDGE_KERNEL void puffer_edge_lstm_cell_f16(const float *x, const float *h, const float *c,
                                                  const uint16_t *w, const uint16_t *recurrent,
                                                  const float *bias, float *y_h, float *y_c,
                                                  int32_t x_size, int32_t h_size)
{
    int32_t count = 1;
    for (int32_t unit = 0; unit < h_size; unit += count) {
        float gates[8];
#if defined(PUFFER_EDGE_MAC8_F16)
        count = h_size - unit > 1 ? 2 : 1;
        if (count == 2) {
            puffer_edge_mac8_f16(x, w, 4 * x_size, bias, gates, x_size);
            puffer_edge_mac8_f16(h, recurrent, 4 * h_size, gates, gates, h_size);
        } else
#endif
        {
            PUFFER_EDGE_COPY(gates, bias, 4 * sizeof *gates);
            puffer_edge_mac4_f16(x, w, gates, x_size);
            puffer_edge_mac4_f16(h, recurrent, gates, h_size);
        }
        w += 4 * count * x_size;
        recurrent += 4 * count * h_size;
        bias += 4 * count;
        for (int32_t n = 0; n < count; ++n) {
            const float *const gate = gates + 4 * n;
            const float kept = puffer_edge_sigmoid_f32(gate[1]) * c[unit + n];
            const float cell =
                kept + puffer_edge_sigmoid_f32(gate[0]) * puffer_edge_tanh_f32(gate[2]);
            y_c[unit + n] = cell;
            y_h[unit + n] = puffer_edge_sigmoid_f32(gate[3]) * puffer_edge_tanh_f32(cell);
        }
    }
}
#endif
