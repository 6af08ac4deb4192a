#ifndef PUFFER_EDGE_MAC4_S16_H
#define PUFFER_EDGE_MAC4_S16_H
#include "mac4_integer.h"
PUFFER_EDGE_MAC4_INTEGER(mac4_s16, int16_t, int16_t)
#endif
