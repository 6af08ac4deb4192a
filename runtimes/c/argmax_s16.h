/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ARGMAX_S16_H
#define PUFFER_EDGE_ARGMAX_S16_H
#include "base.h"
#define puffer_edge_argmax puffer_edge_argmax_s16
#define puffer_edge_x_t int16_t
#include "argmax_integer.inc"
#endif
