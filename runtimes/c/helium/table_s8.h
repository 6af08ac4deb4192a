/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_TABLE_S8_H
#define PUFFER_EDGE_TABLE_S8_H
#include "blocks.h"
#define puffer_edge_table puffer_edge_table_s8
#define puffer_edge_load_x PUFFER_EDGE_LOAD_ELEMENT_S8
#define puffer_edge_step_x PUFFER_EDGE_FOUR_S8
#define puffer_edge_store_y PUFFER_EDGE_STORE_ELEMENT_S8
#define puffer_edge_step_y PUFFER_EDGE_FOUR_S8
#define puffer_edge_x_t int8_t
#define puffer_edge_y_t int8_t
#include "table_integer.inc"
#endif
