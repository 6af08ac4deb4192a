#ifndef PUFFER_EDGE_CONV_INTEGER_H
#define PUFFER_EDGE_CONV_INTEGER_H
#include "conv_sizes.h"
#include "requantize.h"

/* y[m, i, j] = clamp(requantize(bias[m] + sum of weight[m, ...] * x[...]) + zero_point, low, high).
 *
 * As conv_f32: the patch of a pixel is gathered once and multiplied with all filters; in 16 bits,
 * whatever x has, and two pixels at a time. Per group, w is packed as mac_<types>.h says. Padding
 * is the integer of real 0; the zero point of x is in the bias. patch is scratch of twice
 * channels / groups * kernel_height * kernel_width, rounded up to an even number. */
#define PUFFER_EDGE_CONV_INTEGER(NAME, TYPES, X, W, Y)                                             \
    /* Copies what one output pixel of one group sees into patch; padding outside. */              \
    static inline void puffer_edge_conv_patch_##NAME(const X *x, const puffer_edge_conv_t *c, int32_t pixel,   \
                                         int32_t padding, int16_t *patch)                          \
    {                                                                                              \
        const int32_t top = pixel / c->out_width * c->stride_y - c->pad_top;                       \
        const int32_t left = pixel % c->out_width * c->stride_x - c->pad_left;                     \
        const int whole = c->dilation_x == 1 && top >= 0 && left >= 0 &&                           \
                          top + (c->kernel_height - 1) * c->dilation_y < c->height &&              \
                          left + c->kernel_width <= c->width;                                      \
        for (int32_t channel = c->channels / c->groups; channel > 0; --channel) {                  \
            for (int32_t i = 0; i < c->kernel_height; ++i) {                                       \
                const int32_t row = top + i * c->dilation_y;                                       \
                if (whole) {                                                                       \
                    const X *from = x + row * c->width + left;                                     \
                    int32_t j = c->kernel_width;                                                   \
                    for (; j >= 4; j -= 4) {                                                       \
                        patch[0] = from[0];                                                        \
                        patch[1] = from[1];                                                        \
                        patch[2] = from[2];                                                        \
                        patch[3] = from[3];                                                        \
                        patch += 4;                                                                \
                        from += 4;                                                                 \
                    }                                                                              \
                    for (; j > 0; --j) {                                                           \
                        *patch++ = *from++;                                                        \
                    }                                                                              \
                    continue;                                                                      \
                }                                                                                  \
                for (int32_t j = 0; j < c->kernel_width; ++j) {                                    \
                    const int32_t column = left + j * c->dilation_x;                               \
                    const int inside = row >= 0 && row < c->height && column >= 0 &&               \
                                       column < c->width;                                          \
                    *patch++ = (int16_t)(inside ? x[row * c->width + column] : padding);           \
                }                                                                                  \
            }                                                                                      \
            x += c->height * c->width;                                                             \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    PUFFER_EDGE_KERNEL void puffer_edge_conv_##NAME(const X *x, const W *w, const int32_t *bias,               \
                                        const puffer_edge_requantize_t *q, int16_t *patch, Y *y,   \
                                        const puffer_edge_conv_t *c, int32_t padding,              \
                                        int32_t zero_point, int32_t low, int32_t high)             \
    {                                                                                              \
        const int32_t depth = c->channels / c->groups * c->kernel_height * c->kernel_width;        \
        const int32_t even = depth + (depth & 1);                                                  \
        const int32_t filters = c->filters / c->groups;                                            \
        /* Blocks of four rows are read by words, so the groups of such are aligned. */            \
        const int32_t weights_of_group =                                                           \
            filters < 4 ? filters * depth : (filters * depth + 3) & ~INT32_C(3);                   \
        const int32_t pixels = c->out_height * c->out_width;                                       \
        for (int32_t group = c->groups; group > 0; --group) {                                      \
            for (int32_t pixel = 0; pixel < pixels; pixel += 2) {                                  \
                const int32_t next = pixel + 1 < pixels; /* the last one may be its own pair */    \
                const W *weights = w;                                                              \
                const int32_t *start = bias;                                                       \
                const puffer_edge_requantize_t *ratio = q;                                         \
                int32_t at = pixel;                                                                \
                puffer_edge_conv_patch_##NAME(x, c, pixel, padding, patch);                                    \
                puffer_edge_conv_patch_##NAME(x, c, pixel + next, padding, patch + even);                      \
                for (int32_t block = filters >> 2; block > 0; --block) {                           \
                    int32_t sum[8];                                                                \
                    puffer_edge_mac4x2_##TYPES(patch, weights, start, sum, depth);                             \
                    for (int32_t k = 0; k < 4; ++k) {                                              \
                        const int32_t a = puffer_edge_requantize(sum[k], ratio, zero_point);                   \
                        const int32_t b = puffer_edge_requantize(sum[k + 4], ratio, zero_point);               \
                        y[at] = (Y)puffer_edge_clamp_s32(a, low, high);                                        \
                        y[at + next] = (Y)puffer_edge_clamp_s32(b, low, high);                                 \
                        ++ratio;                                                                   \
                        at += pixels;                                                              \
                    }                                                                              \
                    weights += 4 * depth;                                                          \
                    start += 4;                                                                    \
                }                                                                                  \
                for (int32_t row = filters & 3; row > 0; --row) {                                  \
                    for (int32_t k = 0; k <= next; ++k) {                                           \
                        const int32_t sum = puffer_edge_mac1_##TYPES(patch + k * even, weights, *start, depth);\
                        const int32_t v = puffer_edge_requantize(sum, ratio, zero_point);                      \
                        y[at + k] = (Y)puffer_edge_clamp_s32(v, low, high);                                    \
                    }                                                                              \
                    ++start;                                                                       \
                    ++ratio;                                                                       \
                    at += pixels;                                                                  \
                    weights += depth;                                                              \
                }                                                                                  \
            }                                                                                      \
            x += c->channels / c->groups * c->height * c->width;                                   \
            y += filters * pixels;                                                                 \
            w += weights_of_group;                                                                 \
            bias += filters;                                                                       \
            q += filters;                                                                          \
        }                                                                                          \
    }
#endif
