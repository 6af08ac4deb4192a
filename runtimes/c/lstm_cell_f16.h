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
    for (int32_t unit = 0; unit < h_size; ++unit) {
        float gate[4];
        PUFFER_EDGE_COPY(gate, bias, sizeof gate);
        puffer_edge_mac4_f16(x, w, gate, x_size);
        puffer_edge_mac4_f16(h, recurrent, gate, h_size);
        w += 4 * x_size;
        recurrent += 4 * h_size;
        bias += 4;
        const float kept = puffer_edge_sigmoid_f32(gate[1]) * c[unit];
        const float cell = kept + puffer_edge_sigmoid_f32(gate[0]) * puffer_edge_tanh_f32(gate[2]);
        y_c[unit] = cell;
        y_h[unit] = puffer_edge_sigmoid_f32(gate[3]) * puffer_edge_tanh_f32(cell);
    }
}
#endif
