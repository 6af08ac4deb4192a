#ifndef PUFFER_EDGE_CONV_S8_H
#define PUFFER_EDGE_CONV_S8_H
#include "conv_integer.h"
#include "mac4x2_s8x16.h"
PUFFER_EDGE_CONV_INTEGER(s8, s8x16, int8_t, int8_t, int8_t)
#endif
