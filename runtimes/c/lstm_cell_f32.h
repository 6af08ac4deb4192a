/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_CELL_F32_H
#define PUFFER_EDGE_LSTM_CELL_F32_H
#include "mac32_f32.h"
#include "mac4_f32.h"
#include "mac8_f32.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* One step of an LSTM: c' = sigmoid(f) * c + sigmoid(i) * tanh(g), h' = sigmoid(o) * tanh(c').
 *
 * The four gates of a unit are the four outputs of one mac4: w[unit][k][i, f, g, o], the same for
 * the recurrent weights and bias[unit][i, f, g, o]. Sums start at the bias, then x, then h.
 * y_c may be c; y_h must not overlap x or h. */
PUFFER_EDGE_KERNEL void puffer_edge_lstm_cell_f32(const float *x, const float *h, const float *c,
                                                  const float *w, const float *recurrent,
                                                  const float *bias, float *y_h, float *y_c,
                                                  int32_t x_size, int32_t h_size)
{
    int32_t unit = 0, count = 1;
#if defined(PUFFER_EDGE_MAC32)
    for (; unit + 8 <= h_size; unit += 8) {
        float gate[32], i[8], f[8], g[8], o[8];
        memcpy(gate, bias, sizeof gate);
        puffer_edge_mac32_f32(x, w, gate, x_size, 4 * x_size);
        puffer_edge_mac32_f32(h, recurrent, gate, h_size, 4 * h_size);
        w += 32 * x_size;
        recurrent += 32 * h_size;
        bias += 32;
        for (int32_t n = 0; n < 8; ++n) { /* gate by gate, so that compilers vectorise */
            i[n] = gate[4 * n];
            f[n] = gate[4 * n + 1];
            g[n] = gate[4 * n + 2];
            o[n] = gate[4 * n + 3];
        }
        for (int32_t n = 0; n < 8; ++n) {
            const float kept = puffer_edge_sigmoid_f32(f[n]) * c[unit + n];
            const float cell = kept + puffer_edge_sigmoid_f32(i[n]) * puffer_edge_tanh_f32(g[n]);
            y_c[unit + n] = cell;
            y_h[unit + n] = puffer_edge_sigmoid_f32(o[n]) * puffer_edge_tanh_f32(cell);
        }
    }
#endif
    for (; unit < h_size; unit += count) {
        float gates[8];
#if defined(PUFFER_EDGE_MAC8) && !defined(PUFFER_EDGE_SMALL)
        count = h_size - unit > 1 ? 2 : 1;
        if (count == 2) {
            puffer_edge_mac8_f32(x, w, 4 * x_size, bias, gates, x_size);
            puffer_edge_mac8_f32(h, recurrent, 4 * h_size, gates, gates, h_size);
        } else
#endif
        {
            PUFFER_EDGE_COPY(gates, bias, 4 * sizeof *gates);
            puffer_edge_mac4_f32(x, w, gates, x_size);
            puffer_edge_mac4_f32(h, recurrent, gates, h_size);
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
