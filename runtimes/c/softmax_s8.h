/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SOFTMAX_S8_H
#define PUFFER_EDGE_SOFTMAX_S8_H
#include "softmax_parameters.h"
#define puffer_edge_softmax puffer_edge_softmax_s8
#define puffer_edge_x_t int8_t
#include "softmax_integer.inc"
#endif
