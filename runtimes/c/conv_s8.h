/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_S8_H
#define PUFFER_EDGE_CONV_S8_H
#include "conv_sizes.h"
#include "copy_s8.h"
#include "mac4x2_s8x16.h"
#include "requantize.h"
#include "sixteen.h"
#define puffer_edge_conv_patch puffer_edge_conv_patch_s8
#define puffer_edge_copy puffer_edge_copy_s8
#define puffer_edge_conv puffer_edge_conv_s8
#define puffer_edge_mac4 puffer_edge_mac4_s8x16
#define puffer_edge_mac16 puffer_edge_mac16_s8x16
#define puffer_edge_mac4x2 puffer_edge_mac4x2_s8x16
#define puffer_edge_mac1 puffer_edge_mac1_s8x16
#define puffer_edge_x_t int8_t
#define puffer_edge_w_t int8_t
#define puffer_edge_y_t int8_t
#include "conv_integer.inc"
#endif
