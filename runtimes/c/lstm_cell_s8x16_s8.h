/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LSTM_CELL_S8X16_S8_H
#define PUFFER_EDGE_LSTM_CELL_S8X16_S8_H
#include "lstm_parameters.h"
#include "lstm_sixteen.h"
#include "mac_s8.h"
#include "mac_s8x16.h"
#define puffer_edge_lstm_cell puffer_edge_lstm_cell_s8x16_s8
#define puffer_edge_mac4_x puffer_edge_mac4_s8x16
#define puffer_edge_mac16_x puffer_edge_mac16_s8x16
#define puffer_edge_mac4_h puffer_edge_mac4_s8
#define puffer_edge_mac16_h puffer_edge_mac16_s8
#define puffer_edge_x_t int16_t
#define puffer_edge_h_t int8_t
#define puffer_edge_w_t int8_t
#include "lstm_cell_integer.inc"
#endif
