/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_L2_NORMALIZATION_S8_H
#define PUFFER_EDGE_L2_NORMALIZATION_S8_H
#include "l2_normalization_parameters.h"
#define puffer_edge_l2_normalization puffer_edge_l2_normalization_s8
#define puffer_edge_x_t int8_t
#include "l2_normalization_integer.inc"
#endif
