/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_QUANTIZE_S8_H
#define PUFFER_EDGE_QUANTIZE_S8_H
#include "quantize4.h"
#define puffer_edge_quantize puffer_edge_quantize_s8
#define puffer_edge_quantize4 puffer_edge_quantize4_s8
#define puffer_edge_y_t int8_t
#include "quantize_integer.inc"
#endif
