#ifndef PUFFER_EDGE_CONV_S8X16_H
#define PUFFER_EDGE_CONV_S8X16_H
#include "conv_integer.h"
#include "mac4x2_s8x16.h"
PUFFER_EDGE_CONV_INTEGER(s8x16, s8x16, int16_t, int8_t, int16_t)
#endif
