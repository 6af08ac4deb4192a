/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_L2_NORMALIZATION_PARAMETERS_H
#define PUFFER_EDGE_L2_NORMALIZATION_PARAMETERS_H
#include "reciprocal_root.h"
#include "requantize.h"

/* A row of n integers over its norm: y = 2^15 d / sqrt(max(floor, added + squares)) of d = x less its
 * zero point. Numbers are shifted so that their squares fill 29 bits; the reciprocal root is a table
 * between 2^28 and 2^30. How many instructions depends on n only. */
typedef struct {
    const int32_t *added, *floor; /* by the shift of the numbers */
    const int16_t *table;         /* 2^29 / sqrt(2^28 + j 2^22) */
    int32_t zero_point, bits, shift;
} puffer_edge_norm_t;
#endif
