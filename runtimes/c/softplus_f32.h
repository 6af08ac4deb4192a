/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SOFTPLUS_F32_H
#define PUFFER_EDGE_SOFTPLUS_F32_H
#include "exp_f32.h"
#include "log1p_f32.h"
#include "relu_f32.h"

/* log(1 + exp(beta x)) / beta, with log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)). Max relative
 * error 4e-7 for beta = 1, down to 1.2e-38, where it stays; NaN gives that too. */
static inline float puffer_edge_softplus_f32(float x, float beta)
{
    const float scaled = x * beta;
    const float mirrored = 0.0f - scaled;
    return (puffer_edge_relu_f32(scaled) +
            puffer_edge_log1p_f32(puffer_edge_exp_f32(scaled < mirrored ? scaled : mirrored))) /
           beta;
}
#endif
