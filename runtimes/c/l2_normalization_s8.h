#ifndef PUFFER_EDGE_L2_NORMALIZATION_S8_H
#define PUFFER_EDGE_L2_NORMALIZATION_S8_H
#include "l2_normalization_integer.h"
PUFFER_EDGE_L2_NORMALIZATION(s8, int8_t)
#endif
