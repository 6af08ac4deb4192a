/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MIN_GRU_CELL_S16_TO_S8_H
#define PUFFER_EDGE_MIN_GRU_CELL_S16_TO_S8_H
#include "mac_s16.h"
#include "min_gru_gates.h"
#define puffer_edge_min_gru_cell puffer_edge_min_gru_cell_s16_to_s8
#define puffer_edge_mac4 puffer_edge_mac4_s16
#define puffer_edge_mac1 puffer_edge_mac1_s16
#define puffer_edge_x_t int16_t
#define puffer_edge_w_t int16_t
#define puffer_edge_y_t int8_t
#include "min_gru_cell_integer.inc"
#endif
