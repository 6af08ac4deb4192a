/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_F32_H
#define PUFFER_EDGE_CONV_F32_H
#include "conv_sizes.h"
#include "copy_f32.h"
#include "mac1_f32.h"
#include "mac4_f32.h"
#include "mac8_f32.h"

/* Copies what one output pixel of one group sees into patch, [channel][row][column]; 0 outside. */
static inline void puffer_edge_conv_patch_f32(const float *x, const puffer_edge_conv_t *c,
                                              int32_t out_y, int32_t out_x, float *patch)
{
    const int32_t top = out_y * c->stride_y - c->pad_top;
    const int32_t left = out_x * c->stride_x - c->pad_left;
    if (c->dilation_x == 1 && top >= 0 && left >= 0 && left + c->kernel_width <= c->width &&
        top + (c->kernel_height - 1) * c->dilation_y < c->height) { /* nothing lies outside */
        const int32_t width = c->kernel_width, height = c->kernel_height;
        const int32_t down = c->dilation_y * c->width, next = c->height * c->width;
        x += top * c->width + left;
        for (int32_t channel = c->channels / c->groups; channel > 0; --channel) {
            const float *row = x;
            for (int32_t i = height; i > 0; --i) {
                patch = puffer_edge_copy_f32(patch, row, width);
                row += down;
            }
            x += next;
        }
        return;
    }
    for (int32_t channel = c->channels / c->groups; channel > 0; --channel) {
        for (int32_t i = 0; i < c->kernel_height; ++i) {
            const int32_t row = top + i * c->dilation_y;
            for (int32_t j = 0; j < c->kernel_width; ++j) {
                const int32_t column = left + j * c->dilation_x;
                const int inside = row >= 0 && row < c->height && column >= 0 && column < c->width;
                *patch++ = inside ? x[row * c->width + column] : 0.0f;
            }
        }
        x += c->height * c->width;
    }
}

/* y[m, i, j] = bias[m] + sum over channel, row, column of weight[m, ...] * x[...].
 *
 * The patch of a pixel is gathered once and then multiplied with all filters, so padding, strides
 * and dilations cost nothing in the inner loop. Per group, w is as gemm_f32 wants it: blocks of
 * four filters, interleaved, then the rest one by one. patch is scratch of
 * channels / groups * kernel_height * kernel_width. bias may be NULL. */
PUFFER_EDGE_KERNEL void puffer_edge_conv_f32(const float *x, const float *w, const float *bias,
                                             float *patch, float *y, const puffer_edge_conv_t *c)
{
    const int32_t depth = c->channels / c->groups * c->kernel_height * c->kernel_width;
    const int32_t filters = c->filters / c->groups;
    const int32_t pixels = c->out_height * c->out_width;
    for (int32_t group = 0; group < c->groups; ++group) {
        for (int32_t pixel = 0; pixel < pixels; ++pixel) {
            const float *weights = w;
            const float *start = bias;
            int32_t at = pixel;
            puffer_edge_conv_patch_f32(x, c, pixel / c->out_width, pixel % c->out_width, patch);
            int32_t block = filters >> 2;
#if defined(PUFFER_EDGE_MAC8)
            for (; block > 1; block -= 2) {
                float sum[8];
                if (start == NULL) {
                    memset(sum, 0, sizeof sum);
                }
                puffer_edge_mac8_f32(patch, weights, 4 * depth, start != NULL ? start : sum, sum,
                                     depth);
                start = start != NULL ? start + 8 : NULL;
                weights += 8 * depth;
                for (int32_t i = 0; i < 8; i += 2) {
                    y[at] = sum[i];
                    y[at + pixels] = sum[i + 1];
                    at += 2 * pixels;
                }
            }
#endif
            for (; block > 0; --block) {
                float sum[4];
                for (int32_t i = 0; i < 4; ++i) {
                    sum[i] = start != NULL ? PUFFER_EDGE_READ_F32(start++) : 0.0f;
                }
                puffer_edge_mac4_f32(patch, weights, sum, depth);
                weights += 4 * depth;
                for (int32_t i = 0; i < 4; ++i) {
                    y[at] = sum[i];
                    at += pixels;
                }
            }
            for (int32_t row = filters & 3; row > 0; --row) {
                y[at] = puffer_edge_mac1_f32(
                    patch, weights, start != NULL ? PUFFER_EDGE_READ_F32(start++) : 0.0f, depth);
                weights += depth;
                at += pixels;
            }
        }
        x += c->channels / c->groups * c->height * c->width;
        y += filters * pixels;
        w += filters * depth;
        bias = bias != NULL ? bias + filters : bias;
    }
}
#endif
