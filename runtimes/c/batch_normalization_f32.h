/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_BATCH_NORMALIZATION_F32_H
#define PUFFER_EDGE_BATCH_NORMALIZATION_F32_H
#include "base.h"

/* y = x * scale[channel] + shift[channel] over [outer, channels, inner]. y may be x. */
PUFFER_EDGE_KERNEL void puffer_edge_batch_normalization_f32(const float *x, const float *scale,
                                                            const float *shift, float *y,
                                                            int32_t outer, int32_t channels,
                                                            int32_t inner)
{
    for (; outer > 0; --outer) {
        for (int32_t channel = 0; channel < channels; ++channel) {
            const float factor = PUFFER_EDGE_READ_F32(scale + channel);
            const float term = PUFFER_EDGE_READ_F32(shift + channel);
            for (int32_t i = 0; i < inner; ++i) {
                const float scaled = *x++ * factor;
                *y++ = scaled + term;
            }
        }
    }
}
#endif
