#ifndef PUFFER_EDGE_MAC4_S8_H
#define PUFFER_EDGE_MAC4_S8_H
#include "mac4_integer.h"
PUFFER_EDGE_MAC4_INTEGER(mac4_s8, int8_t, int8_t)
#endif
