#ifndef PUFFER_EDGE_GRU_CELL_S16_H
#define PUFFER_EDGE_GRU_CELL_S16_H
#include "gru_cell_integer.h"
#include "mac_s16.h"
PUFFER_EDGE_GRU_CELL_INTEGER(s16, s16, int16_t, s16, int16_t, int16_t)
#endif
