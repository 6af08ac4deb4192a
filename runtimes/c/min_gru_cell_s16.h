#ifndef PUFFER_EDGE_MIN_GRU_CELL_S16_H
#define PUFFER_EDGE_MIN_GRU_CELL_S16_H
#include "mac_s16.h"
#include "min_gru_cell_integer.h"
PUFFER_EDGE_MIN_GRU_CELL_INTEGER(s16, s16, int16_t, int16_t, int16_t)
#endif
