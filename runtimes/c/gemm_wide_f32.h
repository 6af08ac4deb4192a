#ifndef PUFFER_EDGE_GEMM_WIDE_F32_H
#define PUFFER_EDGE_GEMM_WIDE_F32_H
#include "gemm_f32.h"
#include "mac64_f32.h"

/* gemm_f32 for computers: w holds 64 rows at a time, interleaved, w[k][0..63]; the rows that are left
 * are as gemm_f32 wants them. The same bits. */
PUFFER_EDGE_KERNEL void puffer_edge_gemm_wide_f32(const float *x, const float *w,
                                                  const float *start, float *y, int32_t k_size,
                                                  int32_t n_size)
{
    for (; n_size >= 64; n_size -= 64) {
        if (start == NULL) {
            memset(y, 0, 64 * sizeof *y);
        } else if (start != y) {
            memcpy(y, start, 64 * sizeof *y);
        }
        puffer_edge_mac64_f32(x, w, y, k_size);
        w += 64 * k_size;
        y += 64;
        start = start == NULL ? NULL : start + 64;
    }
    if (n_size > 0) {
        puffer_edge_gemm_f32(x, w, start, y, k_size, n_size);
    }
}
#endif
