/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_PATCH_S8_H
#define PUFFER_EDGE_CONV_PATCH_S8_H
#include "conv_patch.h"
#define puffer_edge_conv_patch puffer_edge_conv_patch_s8
#define puffer_edge_x_t int8_t
#include "conv_patch.inc"
#endif
