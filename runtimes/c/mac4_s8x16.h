#ifndef PUFFER_EDGE_MAC4_S8X16_H
#define PUFFER_EDGE_MAC4_S8X16_H
#include "mac4_integer.h"
PUFFER_EDGE_MAC4_INTEGER(mac4_s8x16, int16_t, int8_t)
#endif
