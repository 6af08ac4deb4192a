/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_CONV_FLUSHED_F32_H
#define PUFFER_EDGE_CONV_FLUSHED_F32_H
#include "conv_f32.h"
#include "mac_flushed_f32.h"

/* As conv_f32, in floats as Helium has them; per group, w is as gemm_flushed_f32 wants it. */
PUFFER_EDGE_KERNEL void puffer_edge_conv_flushed_f32(const float *x, const float *w,
                                                     const float *bias, float *patch, float *y,
                                                     const puffer_edge_conv_t *c)
{
    const int32_t depth = c->channels / c->groups * c->kernel_height * c->kernel_width;
    const int32_t filters = c->filters / c->groups;
    const int32_t pixels = c->out_height * c->out_width;
    for (int32_t group = 0; group < c->groups; ++group) {
        const float *weights = w;
        for (int32_t pixel = 0; pixel < pixels; ++pixel) {
            int32_t at = pixel, width, count;
            puffer_edge_conv_patch_f32(x, c, pixel / c->out_width, pixel % c->out_width, patch);
            weights = w;
            for (int32_t filter = 0; filter < filters; filter += count) {
                float sums[16] = {0.0f};
                width = filters - filter >= 16 ? 16 : 4;
                count = filters - filter < width ? filters - filter : width;
                if (bias != NULL) {
                    PUFFER_EDGE_COPY(sums, bias + filter, (size_t)count * sizeof *sums);
                }
                puffer_edge_mac_flushed_f32(patch, weights, sums, depth, width);
                weights += width * depth;
                for (int32_t i = 0; i < count; ++i) {
                    y[at] = sums[i];
                    at += pixels;
                }
            }
        }
        x += c->channels / c->groups * c->height * c->width;
        y += filters * pixels;
        w = weights;
        bias = bias != NULL ? bias + filters : bias;
    }
}
#endif
