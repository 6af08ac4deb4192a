#ifndef PUFFER_EDGE_GEMM_S8_TO_S16_H
#define PUFFER_EDGE_GEMM_S8_TO_S16_H
#include "gemm_integer.h"
#include "mac_s8.h"
PUFFER_EDGE_GEMM_INTEGER(s8_to_s16, s8, int8_t, int8_t, int16_t)
#endif
