/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SOFTMAX_S16_H
#define PUFFER_EDGE_SOFTMAX_S16_H
#include "softmax_parameters.h"
#define puffer_edge_softmax puffer_edge_softmax_s16
#define puffer_edge_x_t int16_t
#include "softmax_integer.inc"
#endif
