#ifndef PUFFER_EDGE_LSTM_CELL_S8X16_S8_H
#define PUFFER_EDGE_LSTM_CELL_S8X16_S8_H
#include "lstm_cell_integer.h"
#include "mac_s8.h"
#include "mac_s8x16.h"
PUFFER_EDGE_LSTM_CELL_INTEGER(s8x16_s8, s8x16, int16_t, s8, int8_t, int8_t)
#endif
