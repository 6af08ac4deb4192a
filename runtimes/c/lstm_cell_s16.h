#ifndef PUFFER_EDGE_LSTM_CELL_S16_H
#define PUFFER_EDGE_LSTM_CELL_S16_H
#include "lstm_cell_integer.h"
#include "mac_s16.h"
PUFFER_EDGE_LSTM_CELL_INTEGER(s16, s16, int16_t, s16, int16_t, int16_t)
#endif
