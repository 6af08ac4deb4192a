/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GEMM_WIDE_F32_H
#define PUFFER_EDGE_GEMM_WIDE_F32_H
#include "block_f32.h"

/* gemm_f32 for computers, for each of some rows of x: y[r][n] = start[r][n] + sum over k of x[r][k] *
 * weight[n][k], of x[r][places[k]] where there are places. w holds 64 rows of the weight at a time, interleaved, w[k][0..63]; those that are left
 * are as many as they are, rounded up to a multiple of 4. start is the bias (start_step 0), or y itself
 * (y_step), or NULL for zeros. The last is relu_f32 where relu. */
PUFFER_EDGE_KERNEL void puffer_edge_gemm_wide_f32(const float *x, int32_t x_step,
                                                  const int32_t *places, const float *w,
                                                  const float *start, int32_t start_step, float *y,
                                                  int32_t y_step, int32_t k_size, int32_t n_size,
                                                  int32_t rows, int32_t relu)
{
    static const float zeros[64] = {0.0f};
    const float *from[PUFFER_EDGE_LANES];
    for (int32_t r = 0; r < rows; ++r) {
        from[r] = x + r * x_step;
    }
    for (; n_size > 0; n_size -= 64) {
        /* Columns that end in no multiple of four are computed apart, with the four before them. */
        const int32_t odd = n_size < 64 && n_size % 4 > 0 ? n_size % 8 : 0;
        const int32_t columns = n_size < 64 ? n_size - odd : 64, tail = odd > 4 ? 8 : 4;
        const int32_t w_step = columns + (odd > 0 ? tail : 0);
        puffer_edge_block_f32(from, places, w, w_step, start != NULL ? start : zeros,
                              start != NULL ? start_step : 0, y, y_step, k_size, columns, rows,
                              relu);
        if (odd > 0) { /* neither start nor y has elements beyond these */
            float before[8 * PUFFER_EDGE_LANES] = {0.0f}, after[8 * PUFFER_EDGE_LANES];
            const int32_t starts = start == NULL ? 0 : start_step == 0 ? 1 : rows;
            for (int32_t i = 0; i < odd; ++i) {
                for (int32_t r = 0; r < starts; ++r) {
                    before[8 * r + i] = start[r * start_step + columns + i];
                }
            }
            puffer_edge_block_f32(from, places, w + columns, w_step, before, starts > 1 ? 8 : 0,
                                  after, 8, k_size, tail, rows, relu);
            for (int32_t i = 0; i < odd; ++i) {
                for (int32_t r = 0; r < rows; ++r) {
                    y[r * y_step + columns + i] = after[8 * r + i];
                }
            }
        }
        w += w_step * k_size;
        y += 64;
        start = start != NULL ? start + 64 : NULL;
    }
}
#endif
