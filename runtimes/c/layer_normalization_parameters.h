/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_LAYER_NORMALIZATION_PARAMETERS_H
#define PUFFER_EDGE_LAYER_NORMALIZATION_PARAMETERS_H
#include "reciprocal_root.h"
#include "requantize.h"

/* A row of n integers to mean 0 and variance 1: y = (x - mean) * sqrt(n) / sqrt(squares + epsilon)
 * as a multiple of sqrt(n) / 2^15. Deviations are shifted so that their squares fill 29 bits; the
 * reciprocal root is a table between 2^28 and 2^30. How many instructions depends on n only. */
typedef struct {
    const int32_t *epsilon; /* by the shift of the deviations */
    const int16_t *table;   /* 2^29 / sqrt(2^28 + j 2^22) */
    puffer_edge_requantize_t mean;
    int32_t rounding, zero_point, bits, shift;
} puffer_edge_normal_t;
#endif
