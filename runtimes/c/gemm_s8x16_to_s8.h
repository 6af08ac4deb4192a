#ifndef PUFFER_EDGE_GEMM_S8X16_TO_S8_H
#define PUFFER_EDGE_GEMM_S8X16_TO_S8_H
#include "gemm_integer.h"
#include "mac_s8x16.h"
PUFFER_EDGE_GEMM_INTEGER(s8x16_to_s8, s8x16, int16_t, int8_t, int8_t)
#endif
