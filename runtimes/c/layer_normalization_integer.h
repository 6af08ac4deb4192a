#ifndef PUFFER_EDGE_LAYER_NORMALIZATION_INTEGER_H
#define PUFFER_EDGE_LAYER_NORMALIZATION_INTEGER_H
#include "reciprocal_root.h"
#include "requantize.h"

/* A row of n integers to mean 0 and variance 1: y = (x - mean) * sqrt(n) / sqrt(squares + epsilon)
 * as a multiple of sqrt(n) / 2^15. Deviations are shifted so that their squares fill 29 bits; the
 * reciprocal root is a table between 2^28 and 2^30. How many instructions depends on n only. */
typedef struct {
    const int32_t *epsilon; /* by the shift of the deviations */
    const int16_t *table;   /* 2^29 / sqrt(2^28 + j 2^22) */
    puffer_edge_requantize_t mean;
    int32_t rounding, zero_point, bits, shift;
} puffer_edge_normal_t;

#define PUFFER_EDGE_LAYER_NORMALIZATION(NAME, X)                                                   \
    PUFFER_EDGE_KERNEL void puffer_edge_layer_normalization_##NAME(                                            \
        const X *x, const puffer_edge_normal_t *p, int16_t *y, int32_t rows, int32_t n)            \
    {                                                                                              \
        for (; rows > 0; --rows) {                                                                 \
            int32_t sum = p->rounding, seen = 0, squares = 0;                                      \
            for (int32_t i = 0; i < n; ++i) {                                                      \
                sum += x[i] - p->zero_point;                                                       \
            }                                                                                      \
            const int32_t nearly = puffer_edge_requantize(sum, &p->mean, 0); /* its factor has 15 bits only */ \
            const int32_t middle = nearly + puffer_edge_requantize(sum - n * nearly, &p->mean, p->zero_point); \
            for (int32_t i = 0; i < n; ++i) {                                                      \
                const int32_t d = x[i] - middle;                                                   \
                seen |= d ^ (d >> 31);                                                             \
            }                                                                                      \
            const int32_t bits = puffer_edge_bit_length(seen);                                                 \
            const int32_t coarse = bits - p->bits > p->shift ? bits - p->bits : p->shift;          \
            const int32_t fine = bits > 14 ? bits - 14 : 0;                                        \
            for (int32_t i = 0; i < n; ++i) {                                                      \
                const int32_t d = puffer_edge_shift_rounded(x[i] - middle, coarse);                            \
                squares += d * d;                                                                  \
            }                                                                                      \
            squares += p->epsilon[coarse];                                                         \
            squares += squares == 0;                                                               \
            const int32_t left = (30 - puffer_edge_bit_length(squares)) >> 1;                                  \
            const int32_t root = puffer_edge_reciprocal_root(p->table, squares, left);                         \
            const int32_t last = 14 + coarse - fine - left;                                        \
            for (int32_t i = 0; i < n; ++i) {                                                      \
                const int32_t product = puffer_edge_shift_rounded(x[i] - middle, fine) * root;                 \
                y[i] = (int16_t)puffer_edge_saturate_s16(puffer_edge_shift_rounded(product, last));                        \
            }                                                                                      \
            x += n;                                                                                \
            y += n;                                                                                \
        }                                                                                          \
    }
#endif
