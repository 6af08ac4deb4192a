/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_QUANTIZE_S16_H
#define PUFFER_EDGE_QUANTIZE_S16_H
#include "quantize4.h"
#define puffer_edge_quantize puffer_edge_quantize_s16
#define puffer_edge_quantize4 puffer_edge_quantize4_s16
#define puffer_edge_y_t int16_t
#include "quantize_integer.inc"
#endif
