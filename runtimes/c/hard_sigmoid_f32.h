/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_HARD_SIGMOID_F32_H
#define PUFFER_EDGE_HARD_SIGMOID_F32_H
#include "clip_f32.h"

/* min(max(alpha x + beta, 0), 1); torch has alpha = 1/6, ONNX 0.2 by default. Max error 1e-7 for
 * alpha = 1/6; NaN gives 0. */
static inline float puffer_edge_hard_sigmoid_f32(float x, float alpha, float beta)
{
    return puffer_edge_clip_f32(alpha * x + beta, 0.0f, 1.0f);
}
#endif
