#ifndef PUFFER_EDGE_GEMM_S8_H
#define PUFFER_EDGE_GEMM_S8_H
#include "gemm_integer.h"
#include "mac4_s8.h"
PUFFER_EDGE_GEMM_INTEGER(gemm_s8, mac4_s8, int8_t, int8_t)
#endif
