#ifndef PUFFER_EDGE_SOFTMAX_S16_H
#define PUFFER_EDGE_SOFTMAX_S16_H
#include "softmax_integer.h"
PUFFER_EDGE_SOFTMAX(s16, int16_t)
#endif
