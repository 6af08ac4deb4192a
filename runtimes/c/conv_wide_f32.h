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

/* conv_f32 for computers, a product of matrices: a pixel of the output is a row, and places tells where
 * its patch lies, seen from the pixel's corner. Per group, w is as gemm_wide_f32 wants it, and
 * bias is filled up to a multiple of 4. image is scratch for the channels of a group, padded to what is
 * seen, image_rows by image_columns; or NULL where nothing is padded, and x is of that size. */
PUFFER_EDGE_KERNEL void puffer_edge_conv_wide_f32(const float *x, const float *w, const float *bias,
                                                  const int32_t *places, float *image,
                                                  int32_t image_rows, int32_t image_columns,
                                                  float *y, const puffer_edge_conv_t *c)
{
    const int32_t depth = c->channels / c->groups * c->kernel_height * c->kernel_width;
    const int32_t filters = c->filters / c->groups, pixels = c->out_height * c->out_width;
    for (int32_t group = 0; group < c->groups; ++group) {
        int32_t line = 0, column = 0, rows;
        if (image != NULL) {
            puffer_edge_conv_pad_f32(x, c, image_rows, image_columns, image);
        }
        for (int32_t pixel = 0; pixel < pixels; pixel += rows) {
            const float *from[PUFFER_EDGE_LANES], *weights = w;
            float sum[64 * PUFFER_EDGE_LANES];
            rows = pixels - pixel < PUFFER_EDGE_LANES ? pixels - pixel : PUFFER_EDGE_LANES;
            for (int32_t r = 0; r < rows; ++r) {
                from[r] = (image != NULL ? image : x) + line * c->stride_y * image_columns +
                          column * c->stride_x;
                column = column + 1 < c->out_width ? column + 1 : 0;
                line += column == 0;
            }
            for (int32_t n = 0; n < filters; n += 64) {
                const int32_t left = filters - n < 64 ? filters - n : 64;
                const int32_t columns = (left + 3) & ~INT32_C(3);
                puffer_edge_block_f32(from, places, weights, columns, bias + n, 0, sum, 64, depth,
                                      columns, rows);
                for (int32_t m = 0; m < left; ++m) {
                    float *const to = y + (n + m) * pixels + pixel;
                    for (int32_t r = 0; r < rows; ++r) {
                        to[r] = sum[64 * r + m];
                    }
                }
                weights += columns * depth;
            }
        }
        x += c->channels / c->groups * c->height * c->width;
        y += filters * pixels;
        w += ((filters + 3) & ~INT32_C(3)) * depth;
        bias += (filters + 3) & ~INT32_C(3);
    }
}
#endif
