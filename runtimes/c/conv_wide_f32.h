/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_WIDE_F32_H
#define PUFFER_EDGE_CONV_WIDE_F32_H
#include "block_f32.h"
#include "conv_sizes.h"

/* The channels of a group with their padding around them: as many rows and columns as are seen. */
static inline void puffer_edge_conv_pad_f32(const float *x, const puffer_edge_conv_t *c,
                                            int32_t rows, int32_t columns, float *image)
{
    memset(image, 0, (size_t)(c->channels / c->groups * rows * columns) * sizeof *image);
    const int32_t left = c->pad_left;
    const int32_t width = columns - left < c->width ? columns - left : c->width;
    for (int32_t channel = c->channels / c->groups; channel > 0; --channel) {
        for (int32_t i = 0; i < rows; ++i) {
            const int32_t row = i - c->pad_top;
            if (row >= 0 && row < c->height && width > 0) {
                memcpy(image + left, x + row * c->width, (size_t)width * sizeof *image);
            }
            image += columns;
        }
        x += c->height * c->width;
    }
}

/* y[m][r] = sum[r][m] of four rows r; sum has 64 columns, and a column of y is step long. */
static inline void puffer_edge_transpose_f32(const float *sum, float *y, int32_t step,
                                             int32_t columns)
{
    int32_t m = 0;
    for (; m + 4 <= columns; m += 4) {
        const puffer_edge_f32x4_t *const row = (const puffer_edge_f32x4_t *)(const void *)(sum + m);
        const puffer_edge_f32x4_t a = PUFFER_EDGE_SHUFFLE(row[0], row[16], 0, 4, 1, 5);
        const puffer_edge_f32x4_t b = PUFFER_EDGE_SHUFFLE(row[0], row[16], 2, 6, 3, 7);
        const puffer_edge_f32x4_t c = PUFFER_EDGE_SHUFFLE(row[32], row[48], 0, 4, 1, 5);
        const puffer_edge_f32x4_t d = PUFFER_EDGE_SHUFFLE(row[32], row[48], 2, 6, 3, 7);
        float *const to = y + m * step;
        *(puffer_edge_f32x4_t *)(void *)to = PUFFER_EDGE_SHUFFLE(a, c, 0, 1, 4, 5);
        *(puffer_edge_f32x4_t *)(void *)(to + step) = PUFFER_EDGE_SHUFFLE(a, c, 2, 3, 6, 7);
        *(puffer_edge_f32x4_t *)(void *)(to + 2 * step) = PUFFER_EDGE_SHUFFLE(b, d, 0, 1, 4, 5);
        *(puffer_edge_f32x4_t *)(void *)(to + 3 * step) = PUFFER_EDGE_SHUFFLE(b, d, 2, 3, 6, 7);
    }
    for (; m < columns; ++m) {
        for (int32_t i = 0; i < 4; ++i) {
            y[m * step + i] = sum[i * 64 + m];
        }
    }
}

/* sum has the sums of some pixels' rows, 64 apart; where they go, offset behind each one's place, filters
 * are step apart: 1, or as many as there are pixels. */
static inline void puffer_edge_conv_store_f32(const float *sum, float *const *place, int32_t offset,
                                              int32_t step, int32_t filters, int32_t rows)
{
    for (int32_t r = 0; r < rows;) {
        float *const to = place[r] + offset;
        if (step == 1) {
            const float *const row = sum + 64 * r++;
            int32_t m = 0;
            for (; m + 16 <= filters; m += 16) {
                memcpy(to + m, row + m, 16 * sizeof *to);
            }
            for (; m < filters; ++m) {
                to[m] = row[m];
            }
        } else if (r + 4 <= rows && place[r + 3] == place[r] + 3) {
            puffer_edge_transpose_f32(sum + 64 * r, to, step, filters);
            r += 4;
        } else {
            for (int32_t m = 0; m < filters; ++m) {
                to[m * step] = sum[64 * r + m];
            }
            ++r;
        }
    }
}

/* conv_f32 for computers, a product of matrices for each of some lanes, whose x and y are x_step and
 * y_step apart: a pixel of the output is a row, corners tell where its patch begins, and places where
 * that lies, seen from there. So x may have its channels last, and y has them where y_filter, the
 * step from one filter to the next, is 1 and not the number of pixels. Per group, w is as gemm_wide_f32
 * wants it, and bias is filled up to a multiple of 4. image is scratch for the channels of a group,
 * padded to what is seen, image_rows by image_columns; or NULL where nothing is padded: pixels of several
 * lanes share a tile then. The last is relu_f32 where relu. */
PUFFER_EDGE_KERNEL void puffer_edge_conv_wide_f32(const float *x, int32_t x_step, const float *w,
                                                  const float *bias, const int32_t *corners,
                                                  const int32_t *places, float *image,
                                                  int32_t image_rows, int32_t image_columns, float *y,
                                                  int32_t y_step, int32_t y_filter, int32_t lanes,
                                                  const puffer_edge_conv_t *c, int32_t relu)
{
    const int32_t depth = c->channels / c->groups * c->kernel_height * c->kernel_width;
    const int32_t filters = c->filters / c->groups, pixels = c->out_height * c->out_width;
    const int32_t together = image != NULL ? 1 : lanes, y_pixel = y_filter == 1 ? c->filters : 1;
    for (int32_t turn = 0; turn < c->groups * lanes; turn += together) {
        const int32_t group = turn / lanes, first = turn % lanes;
        const float *const given = x + first * x_step +
                                   group * (c->channels / c->groups * c->height * c->width);
        const float *const block = w + group * (((filters + 3) & ~INT32_C(3)) * depth);
        const float *const biases = bias + group * ((filters + 3) & ~INT32_C(3));
        const float *lane = image != NULL ? image : given;
        float *to = y + first * y_step + group * filters * y_filter;
        int32_t pixel = 0, rows;
        if (image != NULL) {
            puffer_edge_conv_pad_f32(given, c, image_rows, image_columns, image);
        }
        for (int32_t row = 0; row < together * pixels; row += rows) {
            const float *from[PUFFER_EDGE_LANES], *weights = block;
            float __attribute__((aligned(64))) sum[64 * PUFFER_EDGE_LANES];
            float *place[PUFFER_EDGE_LANES];
            rows = together * pixels - row;
            rows = rows < PUFFER_EDGE_LANES ? rows : PUFFER_EDGE_LANES;
            for (int32_t r = 0; r < rows; ++r) {
                from[r] = lane + corners[pixel];
                place[r] = to + pixel * y_pixel;
                if (++pixel == pixels) {
                    pixel = 0;
                    lane += x_step;
                    to += y_step;
                }
            }
            for (int32_t n = 0; n < filters; n += 64) {
                const int32_t left = filters - n < 64 ? filters - n : 64;
                const int32_t columns = (left + 3) & ~INT32_C(3);
                puffer_edge_block_f32(from, places, weights, columns, biases + n, 0, sum, 64, depth,
                                      columns, rows, relu);
                puffer_edge_conv_store_f32(sum, place, n * y_filter, y_filter, left, rows);
                weights += columns * depth;
            }
        }
    }
}
#endif
