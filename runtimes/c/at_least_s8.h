/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_AT_LEAST_S8_H
#define PUFFER_EDGE_AT_LEAST_S8_H
#include "base.h"
#define puffer_edge_at_least puffer_edge_at_least_s8
#define puffer_edge_x_t int8_t
#include "at_least_integer.inc"
#endif
