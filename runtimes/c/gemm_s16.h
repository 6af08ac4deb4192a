#ifndef PUFFER_EDGE_GEMM_S16_H
#define PUFFER_EDGE_GEMM_S16_H
#include "gemm_integer.h"
#include "mac4_s16.h"
PUFFER_EDGE_GEMM_INTEGER(gemm_s16, mac4_s16, int16_t, int16_t)
#endif
