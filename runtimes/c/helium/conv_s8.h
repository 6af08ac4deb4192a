/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_S8_H
#define PUFFER_EDGE_CONV_S8_H
#include "blocks.h"
#include "conv_patch_s8.h"
#include "mac_s8.h"
#define puffer_edge_conv puffer_edge_conv_s8
#define puffer_edge_conv_blocks puffer_edge_conv_blocks_s8
#define puffer_edge_conv_patch puffer_edge_conv_patch_s8
#define puffer_edge_mac1 puffer_edge_mac1_s8
#define puffer_edge_sums PUFFER_EDGE_SUMS_S8
#define puffer_edge_store_y PUFFER_EDGE_STORE_APART_S8
#define puffer_edge_x_t int8_t
#define puffer_edge_w_t int8_t
#define puffer_edge_y_t int8_t
#include "conv_integer.inc"
#endif
