#ifndef PUFFER_EDGE_SOFTMAX_S8_H
#define PUFFER_EDGE_SOFTMAX_S8_H
#include "softmax_integer.h"
PUFFER_EDGE_SOFTMAX(s8, int8_t)
#endif
