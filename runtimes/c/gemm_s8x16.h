#ifndef PUFFER_EDGE_GEMM_S8X16_H
#define PUFFER_EDGE_GEMM_S8X16_H
#include "gemm_integer.h"
#include "mac_s8x16.h"
PUFFER_EDGE_GEMM_INTEGER(s8x16, s8x16, int16_t, int8_t, int16_t)
#endif
