/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_L2_NORMALIZATION_S16_H
#define PUFFER_EDGE_L2_NORMALIZATION_S16_H
#include "l2_normalization_parameters.h"
#define puffer_edge_l2_normalization puffer_edge_l2_normalization_s16
#define puffer_edge_x_t int16_t
#include "l2_normalization_integer.inc"
#endif
