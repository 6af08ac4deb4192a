#ifndef PUFFER_EDGE_GEMM_S16_H
#define PUFFER_EDGE_GEMM_S16_H
#include "gemm_integer.h"
#include "mac_s16.h"
PUFFER_EDGE_GEMM_INTEGER(s16, s16, int16_t, int16_t, int16_t)
#endif
