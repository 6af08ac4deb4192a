/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_AT_LEAST_S16_H
#define PUFFER_EDGE_AT_LEAST_S16_H
#include "base.h"
#define puffer_edge_at_least puffer_edge_at_least_s16
#define puffer_edge_x_t int16_t
#include "at_least_integer.inc"
#endif
