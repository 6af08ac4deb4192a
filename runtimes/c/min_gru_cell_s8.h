/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MIN_GRU_CELL_S8_H
#define PUFFER_EDGE_MIN_GRU_CELL_S8_H
#include "mac_s8.h"
#include "min_gru_gates.h"
#define puffer_edge_min_gru_cell puffer_edge_min_gru_cell_s8
#define puffer_edge_mac4 puffer_edge_mac4_s8
#define puffer_edge_mac1 puffer_edge_mac1_s8
#define puffer_edge_x_t int8_t
#define puffer_edge_w_t int8_t
#define puffer_edge_y_t int8_t
#include "min_gru_cell_integer.inc"
#endif
