#ifndef PUFFER_EDGE_CONV_S16_TO_S8_H
#define PUFFER_EDGE_CONV_S16_TO_S8_H
#include "conv_integer.h"
#include "mac4x2_s16.h"
PUFFER_EDGE_CONV_INTEGER(s16_to_s8, s16, int16_t, int16_t, int8_t)
#endif
