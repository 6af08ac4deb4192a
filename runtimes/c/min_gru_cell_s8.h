#ifndef PUFFER_EDGE_MIN_GRU_CELL_S8_H
#define PUFFER_EDGE_MIN_GRU_CELL_S8_H
#include "mac_s8.h"
#include "min_gru_cell_integer.h"
PUFFER_EDGE_MIN_GRU_CELL_INTEGER(s8, s8, int8_t, int8_t, int8_t)
#endif
