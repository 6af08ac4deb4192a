/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_QUANTIZE_S16_H
#define PUFFER_EDGE_QUANTIZE_S16_H
#include "blocks.h"
#include "quantize_f32.h"
#define puffer_edge_quantize puffer_edge_quantize_s16
#define puffer_edge_quantize_vectors puffer_edge_quantize_vectors_s16
#define puffer_edge_store_y PUFFER_EDGE_STORE_ELEMENT_S16
#define puffer_edge_step_y PUFFER_EDGE_FOUR_S16
#define puffer_edge_y_t int16_t
#include "quantize_integer.inc"
#endif
