/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_GRU_CELL_S8X16_H
#define PUFFER_EDGE_GRU_CELL_S8X16_H
#include "gru_gates.h"
#include "mac_s8x16.h"
#define puffer_edge_gru_cell puffer_edge_gru_cell_s8x16
#define puffer_edge_mac4_x puffer_edge_mac4_s8x16
#define puffer_edge_mac4_h puffer_edge_mac4_s8x16
#define puffer_edge_mac1_x puffer_edge_mac1_s8x16
#define puffer_edge_mac1_h puffer_edge_mac1_s8x16
#define puffer_edge_x_t int16_t
#define puffer_edge_h_t int16_t
#define puffer_edge_w_t int8_t
#include "gru_cell_integer.inc"
#endif
