/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_RESCALE_H
#define PUFFER_EDGE_RESCALE_H
#include "requantize.h"

/* From what a sensor counts to the integers of the first layer, feature by feature. */
typedef struct {
    int32_t bias;
    int16_t multiplier, low, high;
    uint8_t shift, zero; /* the latter fills the struct, so that a checksum knows every byte */
} puffer_edge_rescale_t;

/* clamp((x * multiplier + bias) >> shift); the exporter has proved the range for every int16_t. */
static inline int32_t puffer_edge_rescale(int32_t x, int32_t multiplier, int32_t bias,
                                          int32_t shift, int32_t low, int32_t high)
{
    return puffer_edge_clamp_s32((x * multiplier + bias) >> shift, low, high);
}
#endif
