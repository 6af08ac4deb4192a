#ifndef PUFFER_EDGE_GRU_CELL_S8X16_H
#define PUFFER_EDGE_GRU_CELL_S8X16_H
#include "gru_cell_integer.h"
#include "mac_s8x16.h"
PUFFER_EDGE_GRU_CELL_INTEGER(s8x16, s8x16, int16_t, s8x16, int16_t, int8_t)
#endif
