#ifndef PUFFER_EDGE_LSTM_CELL_F32_H
#define PUFFER_EDGE_LSTM_CELL_F32_H
#include "mac4_f32.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* One step of an LSTM: c' = sigmoid(f) * c + sigmoid(i) * tanh(g), h' = sigmoid(o) * tanh(c').
 *
 * The four gates of a unit are the four outputs of one mac4: w[unit][k][i, f, g, o], the same for
 * the recurrent weights and bias[unit][i, f, g, o]. Sums start at the bias, then x, then h.
 * y_c may be c; y_h must not overlap x or h. */
PUFFER_EDGE_KERNEL void lstm_cell_f32(const float *x, const float *h, const float *c,
                                      const float *w, const float *recurrent, const float *bias,
                                      float *y_h, float *y_c, int32_t x_size, int32_t h_size)
{
    for (int32_t unit = 0; unit < h_size; ++unit) {
        float gate[4];
        memcpy(gate, bias + 4 * unit, sizeof gate);
        mac4_f32(x, w, gate, x_size);
        mac4_f32(h, recurrent, gate, h_size);
        w += 4 * x_size;
        recurrent += 4 * h_size;
        const float kept = sigmoid_f32(gate[1]) * c[unit];
        const float cell = kept + sigmoid_f32(gate[0]) * tanh_f32(gate[2]);
        y_c[unit] = cell;
        y_h[unit] = sigmoid_f32(gate[3]) * tanh_f32(cell);
    }
}
#endif
