#ifndef PUFFER_EDGE_LSTM_CELL_WIDE_F32_H
#define PUFFER_EDGE_LSTM_CELL_WIDE_F32_H
#include "mac64_f32.h"
#include "sigmoid_f32.h"
#include "tanh_f32.h"

/* lstm_cell_f32 for computers: the 64 gates of 16 units at once, w[k][unit][i, f, g, o] for each 16
 * units; h_size is a multiple of 16. The same bits. */
PUFFER_EDGE_KERNEL void puffer_edge_lstm_cell_wide_f32(const float *x, const float *h,
                                                       const float *c, const float *w,
                                                       const float *recurrent, const float *bias,
                                                       float *y_h, float *y_c, int32_t x_size,
                                                       int32_t h_size)
{
    for (int32_t unit = 0; unit < h_size; unit += 16) {
        float gate[64], i[16], f[16], g[16], o[16];
        memcpy(gate, bias, sizeof gate);
        puffer_edge_mac64_f32(x, w, gate, x_size);
        puffer_edge_mac64_f32(h, recurrent, gate, h_size);
        w += 64 * x_size;
        recurrent += 64 * h_size;
        bias += 64;
        for (int32_t n = 0; n < 16; ++n) { /* gate by gate, so that compilers vectorise */
            i[n] = gate[4 * n];
            f[n] = gate[4 * n + 1];
            g[n] = gate[4 * n + 2];
            o[n] = gate[4 * n + 3];
        }
        for (int32_t n = 0; n < 16; ++n) {
            const float kept = puffer_edge_sigmoid_f32(f[n]) * c[unit + n];
            const float cell = kept + puffer_edge_sigmoid_f32(i[n]) * puffer_edge_tanh_f32(g[n]);
            y_c[unit + n] = cell;
            y_h[unit + n] = puffer_edge_sigmoid_f32(o[n]) * puffer_edge_tanh_f32(cell);
        }
    }
}
#endif
