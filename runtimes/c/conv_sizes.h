/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_SIZES_H
#define PUFFER_EDGE_CONV_SIZES_H
#include "base.h"

/* Sizes of a 2-D convolution; a 1-D one has height 1. */
typedef struct {
    int32_t channels, height, width;          /* of the input, all groups */
    int32_t filters, out_height, out_width;   /* of the output, all groups */
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x, dilation_y, dilation_x, pad_top, pad_left;
    int32_t groups;
} puffer_edge_conv_t;
#endif
