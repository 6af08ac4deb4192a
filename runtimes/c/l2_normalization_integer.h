#ifndef PUFFER_EDGE_L2_NORMALIZATION_INTEGER_H
#define PUFFER_EDGE_L2_NORMALIZATION_INTEGER_H
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

#define PUFFER_EDGE_L2_NORMALIZATION(NAME, X)                                                      \
    PUFFER_EDGE_KERNEL void puffer_edge_l2_normalization_##NAME(const X *x, const puffer_edge_norm_t *p,       \
                                                    int16_t *y, int32_t rows, int32_t n)           \
    {                                                                                              \
        for (; rows > 0; --rows) {                                                                 \
            int32_t seen = 0, squares = 0;                                                         \
            for (int32_t i = 0; i < n; ++i) {                                                      \
                const int32_t d = x[i] - p->zero_point;                                            \
                seen |= d ^ (d >> 31);                                                             \
            }                                                                                      \
            const int32_t bits = puffer_edge_bit_length(seen);                                                 \
            const int32_t coarse = bits - p->bits > p->shift ? bits - p->bits : p->shift;          \
            const int32_t fine = bits > 14 ? bits - 14 : 0;                                        \
            for (int32_t i = 0; i < n; ++i) {                                                      \
                const int32_t d = puffer_edge_shift_rounded(x[i] - p->zero_point, coarse);                     \
                squares += d * d;                                                                  \
            }                                                                                      \
            squares += p->added[coarse];                                                           \
            squares = squares > p->floor[coarse] ? squares : p->floor[coarse];                     \
            const int32_t left = (30 - puffer_edge_bit_length(squares)) >> 1;                                  \
            const int32_t root = puffer_edge_reciprocal_root(p->table, squares, left);                         \
            const int32_t last = 14 + coarse - fine - left;                                        \
            for (int32_t i = 0; i < n; ++i) {                                                      \
                const int32_t product = puffer_edge_shift_rounded(x[i] - p->zero_point, fine) * root;          \
                y[i] = (int16_t)puffer_edge_saturate_s16(puffer_edge_shift_rounded(product, last));                        \
            }                                                                                      \
            x += n;                                                                                \
            y += n;                                                                                \
        }                                                                                          \
    }
#endif
