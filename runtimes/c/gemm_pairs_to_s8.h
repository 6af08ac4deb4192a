/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GEMM_PAIRS_TO_S8_H
#define PUFFER_EDGE_GEMM_PAIRS_TO_S8_H
#include "mac_pairs.h"
#include "requantize4.h"
#include "sixteen.h"
#define puffer_edge_gemm puffer_edge_gemm_pairs_to_s8
#define puffer_edge_mac4 puffer_edge_mac4_pairs
#define puffer_edge_mac16 puffer_edge_mac16_pairs
#define puffer_edge_mac1 puffer_edge_mac1_s8x16
#define puffer_edge_requantize4 puffer_edge_requantize4_s8
#define puffer_edge_x_t int16_t
#define puffer_edge_w_t int8_t
#define puffer_edge_y_t int8_t
#include "gemm_integer.inc"
#endif
