/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_BLOCK_F32_H
#define PUFFER_EDGE_BLOCK_F32_H
#include "tiles_f32.h"

#define PUFFER_EDGE_LANES 16 /* rows at most */

/* A block of weights, w[k][0..w_step], with each of some rows of x: y[r][n] = start[r][n] + sum over k
 * of x[r][places[k]] * w[k][n] for columns n, which are a multiple of 4; relu_f32 of it where relu. start
 * may be y itself. A tile
 * of weights is used for all rows before the next one, so that it stays in the nearest cache. */
static inline void puffer_edge_block_f32(const float *const *x, const int32_t *places,
                                         const float *w, int32_t w_step, const float *start,
                                         int32_t start_step, float *y, int32_t y_step,
                                         int32_t k_size, int32_t columns, int32_t rows,
                                         int32_t relu)
{
    const int32_t together = rows / PUFFER_EDGE_ROWS * PUFFER_EDGE_ROWS;
    int32_t done = together, n, taken;
    /* Rows that fill no tile share one with rows that are computed twice, unless they are so few
     * that one by one takes less, or their sums are not there to start from again. */
    if (together > 0 && 3 * (rows - together) > PUFFER_EDGE_ROWS && start != y) {
        done = rows;
    }
    for (n = 0; together > 0 && n < columns; n += taken) {
        int32_t high;
        puffer_edge_tile_t *const tile = puffer_edge_tiles_of(columns - n, done, &taken, &high);
        for (int32_t first = 0; first < done; first += high) {
            const int32_t row = first < done - high ? first : done - high;
            tile(x + row, places, w + n, w_step, start + row * start_step + n, start_step,
                 y + row * y_step + n, y_step, k_size, relu);
        }
    }
    for (n = 0; done < rows && n < columns; n += taken) {
        puffer_edge_tile_t *const tile = puffer_edge_tile_of(columns - n, &taken);
        for (int32_t row = done; row < rows; ++row) {
            tile(x + row, places, w + n, w_step, start + row * start_step + n, start_step,
                 y + row * y_step + n, y_step, k_size, relu);
        }
    }
}
#endif
