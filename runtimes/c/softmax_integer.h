#ifndef PUFFER_EDGE_SOFTMAX_INTEGER_H
#define PUFFER_EDGE_SOFTMAX_INTEGER_H
#include "reciprocal_root.h"

/* Shares of 2^15: y = 2^15 exp(x - max) / sum(exp(x - max)) over the middle axis of [outer, n, inner].
 * Distances count 4096ths; exp is a product of two tables of 15 bits, one of whole numbers and one of
 * 64ths with straight lines between, and 2^43 over the sum, at 2^29 to 2^30, another. */
typedef struct {
    const int16_t *powers, *reciprocals;
    int32_t multiplier, shift; /* distance * multiplier >> shift counts 4096ths */
} puffer_edge_softmax_t;

/* 2^15 exp(-distance), 0 from 12 on. */
static inline int32_t puffer_edge_softmax_power(int32_t distance, const puffer_edge_softmax_t *p)
{
    const int32_t counted = (distance * p->multiplier) >> p->shift;
    const int32_t x = counted < 12 * 4096 ? counted : 12 * 4096 - 1;
    const int16_t *entry = p->powers + 12 + ((x >> 6) & 63);
    const int32_t part = entry[0] - (((entry[0] - entry[1]) * (x & 63) + 32) >> 6);
    return (p->powers[x >> 12] * part + (INT32_C(1) << 14)) >> 15;
}

#define PUFFER_EDGE_SOFTMAX(NAME, X)                                                               \
    PUFFER_EDGE_KERNEL void puffer_edge_softmax_##NAME(const X *x, const puffer_edge_softmax_t *p, int16_t *y, \
                                           int32_t outer, int32_t n, int32_t inner)                \
    {                                                                                              \
        for (; outer > 0; --outer, x += n * inner, y += n * inner) {                               \
            for (int32_t column = 0; column < inner; ++column) {                                   \
                int32_t largest = x[column], sum = 0;                                              \
                for (int32_t i = 1; i < n; ++i) {                                                  \
                    const int32_t v = x[i * inner + column];                                       \
                    largest = v > largest ? v : largest;                                           \
                }                                                                                  \
                for (int32_t i = 0; i < n; ++i) {                                                  \
                    const int32_t power = puffer_edge_softmax_power(largest - x[i * inner + column], p);       \
                    y[i * inner + column] = (int16_t)power;                                        \
                    sum += power;                                                                  \
                }                                                                                  \
                const int32_t left = 30 - puffer_edge_bit_length(sum);                                         \
                const int32_t place = (sum << left) - (INT32_C(1) << 29);                          \
                const int16_t *entry = p->reciprocals + (place >> 22);                             \
                const int32_t step = (entry[0] - entry[1]) * ((place >> 8) & 16383);               \
                const int32_t factor = entry[0] - ((step + 8192) >> 14);                           \
                for (int32_t i = 0; i < n; ++i) {                                                  \
                    const int32_t v = puffer_edge_shift_rounded(y[i * inner + column] * factor, 28 - left);    \
                    y[i * inner + column] = (int16_t)(v < 32767 ? v : 32767);                      \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#endif
