#ifndef PUFFER_EDGE_CONV_S16_H
#define PUFFER_EDGE_CONV_S16_H
#include "conv_integer.h"
#include "mac4x2_s16.h"
PUFFER_EDGE_CONV_INTEGER(s16, s16, int16_t, int16_t, int16_t)
#endif
