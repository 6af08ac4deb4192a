/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_TILES_F32_H
#define PUFFER_EDGE_TILES_F32_H
#include "vectors_f32.h"

/* Tiles of one row, and of as many as there are registers for, by their columns. */
#define puffer_edge_tile puffer_edge_tile_64
#define puffer_edge_rows 1
#define puffer_edge_columns 64
#define puffer_edge_vector puffer_edge_f32x16_t
#include "tile_f32.inc"
#define puffer_edge_tile puffer_edge_tile_32
#define puffer_edge_rows 1
#define puffer_edge_columns 32
#define puffer_edge_vector puffer_edge_f32x16_t
#include "tile_f32.inc"
#if PUFFER_EDGE_COLUMNS >= 32
#define puffer_edge_tile puffer_edge_tiles_32
#define puffer_edge_rows PUFFER_EDGE_ROWS
#define puffer_edge_columns 32
#define puffer_edge_vector puffer_edge_f32x16_t
#include "tile_f32.inc"
#endif
#define puffer_edge_tile puffer_edge_tile_16
#define puffer_edge_rows 1
#define puffer_edge_columns 16
#define puffer_edge_vector puffer_edge_f32x16_t
#include "tile_f32.inc"
#if PUFFER_EDGE_COLUMNS >= 16
#define puffer_edge_tile puffer_edge_tiles_16
#define puffer_edge_rows PUFFER_EDGE_ROWS
#define puffer_edge_columns 16
#define puffer_edge_vector puffer_edge_f32x16_t
#include "tile_f32.inc"
#endif
#if defined(PUFFER_EDGE_TALL)
#define puffer_edge_tile puffer_edge_tall_16
#define puffer_edge_rows PUFFER_EDGE_TALL
#define puffer_edge_columns 16
#define puffer_edge_vector puffer_edge_f32x16_t
#include "tile_f32.inc"
#endif
#define puffer_edge_tile puffer_edge_tile_8
#define puffer_edge_rows 1
#define puffer_edge_columns 8
#define puffer_edge_vector puffer_edge_f32x8_t
#include "tile_f32.inc"
#define puffer_edge_tile puffer_edge_tiles_8
#define puffer_edge_rows PUFFER_EDGE_ROWS
#define puffer_edge_columns 8
#define puffer_edge_vector puffer_edge_f32x8_t
#include "tile_f32.inc"
#if defined(PUFFER_EDGE_TALL)
#define puffer_edge_tile puffer_edge_tall_8
#define puffer_edge_rows PUFFER_EDGE_TALL
#define puffer_edge_columns 8
#define puffer_edge_vector puffer_edge_f32x8_t
#include "tile_f32.inc"
#endif
#define puffer_edge_tile puffer_edge_tile_4
#define puffer_edge_rows 1
#define puffer_edge_columns 4
#define puffer_edge_vector puffer_edge_f32x4_t
#include "tile_f32.inc"
#define puffer_edge_tile puffer_edge_tiles_4
#define puffer_edge_rows PUFFER_EDGE_ROWS
#define puffer_edge_columns 4
#define puffer_edge_vector puffer_edge_f32x4_t
#include "tile_f32.inc"

typedef void puffer_edge_tile_t(const float *const *x, const int32_t *places, const float *w,
                                int32_t w_step, const float *start, int32_t start_step, float *y,
                                int32_t y_step, int32_t k_size, int32_t relu);

/* The widest tile for columns that are left, at least 4, and how many it takes. */
static inline puffer_edge_tile_t *puffer_edge_tile_of(int32_t left, int32_t *columns)
{
    *columns = left >= 64 ? 64 : left >= 32 ? 32 : left >= 16 ? 16 : left >= 8 ? 8 : 4;
    return left >= 64   ? puffer_edge_tile_64
           : left >= 32 ? puffer_edge_tile_32
           : left >= 16 ? puffer_edge_tile_16
           : left >= 8  ? puffer_edge_tile_8
                        : puffer_edge_tile_4;
}

/* The same for that many rows, and how high it is: PUFFER_EDGE_ROWS, or PUFFER_EDGE_TALL where columns
 * leave registers for as many. */
static inline puffer_edge_tile_t *puffer_edge_tiles_of(int32_t left, int32_t rows, int32_t *columns,
                                                       int32_t *high)
{
    *high = PUFFER_EDGE_ROWS;
#if PUFFER_EDGE_COLUMNS >= 32
    if (left >= 32) {
        *columns = 32;
        return puffer_edge_tiles_32;
    }
#endif
#if defined(PUFFER_EDGE_TALL)
    if (left >= 8 && rows >= PUFFER_EDGE_TALL) {
        *high = PUFFER_EDGE_TALL;
        *columns = left >= 16 ? 16 : 8;
        return left >= 16 ? puffer_edge_tall_16 : puffer_edge_tall_8;
    }
#endif
    (void)rows;
#if PUFFER_EDGE_COLUMNS >= 16
    if (left >= 16) {
        *columns = 16;
        return puffer_edge_tiles_16;
    }
#endif
    *columns = left >= 8 ? 8 : 4;
    return left >= 8 ? puffer_edge_tiles_8 : puffer_edge_tiles_4;
}
#endif
