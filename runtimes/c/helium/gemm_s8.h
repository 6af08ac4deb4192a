/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GEMM_S8_H
#define PUFFER_EDGE_GEMM_S8_H
#include "mac_s8.h"
#include "blocks.h"
#define puffer_edge_gemm puffer_edge_gemm_s8
#define puffer_edge_gemm_blocks puffer_edge_gemm_blocks_s8
#define puffer_edge_mac1 puffer_edge_mac1_s8
#define puffer_edge_sums PUFFER_EDGE_SUMS_S8
#define puffer_edge_store_y PUFFER_EDGE_STORE_S8
#define puffer_edge_x_t int8_t
#define puffer_edge_w_t int8_t
#define puffer_edge_y_t int8_t
#include "gemm_integer.inc"
#endif
