/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_SELU_F32_H
#define PUFFER_EDGE_SELU_F32_H
#include "elu_f32.h"

/* scale elu(x) with the scale and alpha of torch.nn.SELU. Max error 5e-7 + 1e-7 |result|; NaN gives
 * -1.758, the lower limit. */
static inline float puffer_edge_selu_f32(float x)
{
    return 1.050701f * puffer_edge_elu_f32(x, 1.6732632f);
}
#endif
