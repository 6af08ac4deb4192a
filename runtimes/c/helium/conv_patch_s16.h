/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_PATCH_S16_H
#define PUFFER_EDGE_CONV_PATCH_S16_H
#include "conv_patch.h"
#define puffer_edge_conv_patch puffer_edge_conv_patch_s16
#define puffer_edge_x_t int16_t
#include "conv_patch.inc"
#endif
