#ifndef PUFFER_EDGE_LSTM_CELL_S8_H
#define PUFFER_EDGE_LSTM_CELL_S8_H
#include "lstm_cell_integer.h"
#include "mac_s8.h"
PUFFER_EDGE_LSTM_CELL_INTEGER(s8, s8, int8_t, s8, int8_t, int8_t)
#endif
