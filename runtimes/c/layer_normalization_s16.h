/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LAYER_NORMALIZATION_S16_H
#define PUFFER_EDGE_LAYER_NORMALIZATION_S16_H
#include "layer_normalization_parameters.h"
#define puffer_edge_layer_normalization puffer_edge_layer_normalization_s16
#define puffer_edge_x_t int16_t
#include "layer_normalization_integer.inc"
#endif
