/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ARGMAX_S8_H
#define PUFFER_EDGE_ARGMAX_S8_H
#include "base.h"
#define puffer_edge_argmax puffer_edge_argmax_s8
#define puffer_edge_x_t int8_t
#include "argmax_integer.inc"
#endif
