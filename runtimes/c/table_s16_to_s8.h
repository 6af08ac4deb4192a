/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_TABLE_S16_TO_S8_H
#define PUFFER_EDGE_TABLE_S16_TO_S8_H
#include "table.h"
#define puffer_edge_table puffer_edge_table_s16_to_s8
#define puffer_edge_x_t int16_t
#define puffer_edge_y_t int8_t
#include "table_integer.inc"
#endif
