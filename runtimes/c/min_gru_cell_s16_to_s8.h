#ifndef PUFFER_EDGE_MIN_GRU_CELL_S16_TO_S8_H
#define PUFFER_EDGE_MIN_GRU_CELL_S16_TO_S8_H
#include "mac_s16.h"
#include "min_gru_cell_integer.h"
PUFFER_EDGE_MIN_GRU_CELL_INTEGER(s16_to_s8, s16, int16_t, int16_t, int8_t)
#endif
