#ifndef PUFFER_EDGE_MIN_GRU_CELL_S8_TO_S16_H
#define PUFFER_EDGE_MIN_GRU_CELL_S8_TO_S16_H
#include "mac_s8.h"
#include "min_gru_cell_integer.h"
PUFFER_EDGE_MIN_GRU_CELL_INTEGER(s8_to_s16, s8, int8_t, int8_t, int16_t)
#endif
