/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_PAIRS_TO_S16_H
#define PUFFER_EDGE_CONV_PAIRS_TO_S16_H
#include "conv_sizes.h"
#include "copy_s8.h"
#include "mac4x2_pairs.h"
#include "requantize.h"
#define puffer_edge_conv_patch puffer_edge_conv_patch_pairs_to_s16
#define puffer_edge_copy puffer_edge_copy_s8
#define puffer_edge_conv puffer_edge_conv_pairs_to_s16
#define puffer_edge_mac4 puffer_edge_mac4_pairs
#define puffer_edge_mac4x2 puffer_edge_mac4x2_pairs
#define puffer_edge_mac1 puffer_edge_mac1_s8x16
#define puffer_edge_x_t int8_t
#define puffer_edge_w_t int8_t
#define puffer_edge_y_t int16_t
#include "conv_integer.inc"
#endif
