/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SAMPLE_S8_H
#define PUFFER_EDGE_SAMPLE_S8_H
#include "sampling.h"
#define puffer_edge_sample puffer_edge_sample_s8
#define puffer_edge_x_t int8_t
#include "sample_integer.inc"
#endif
