/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_MATMUL_F32_H
#define PUFFER_EDGE_MATMUL_F32_H
#include "base.h"

/* y[m, n] = sum over k of a[m, k] * b[k, n], in order from 0, for each of batch pairs of matrices.
 * y must not overlap a or b. */
PUFFER_EDGE_KERNEL void puffer_edge_matmul_f32(const float *a, const float *b, float *y,
                                               int32_t batch, int32_t m_size, int32_t k_size,
                                               int32_t n_size)
{
    for (; batch > 0; --batch) {
        for (int32_t m = 0; m < m_size; ++m) {
            for (int32_t n = 0; n < n_size; ++n) {
                float sum = 0.0f;
                for (int32_t k = 0; k < k_size; ++k) {
                    sum += a[m * k_size + k] * b[k * n_size + n];
                }
                y[m * n_size + n] = sum;
            }
        }
        a += m_size * k_size;
        b += k_size * n_size;
        y += m_size * n_size;
    }
}
#endif
