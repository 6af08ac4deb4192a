#ifndef PUFFER_EDGE_GEMM_S8_H
#define PUFFER_EDGE_GEMM_S8_H
#include "gemm_integer.h"
#include "mac_s8.h"
PUFFER_EDGE_GEMM_INTEGER(s8, s8, int8_t, int8_t, int8_t)
#endif
