#ifndef PUFFER_EDGE_MIN_GRU_CELL_INTEGER_H
#define PUFFER_EDGE_MIN_GRU_CELL_INTEGER_H
#include "gates.h"

/* What a cell needs beside its matrix. Rows of four units at a time lie as [a, g, p][unit], those of
 * the units that are left as [unit][a, g, p]. The rounding of the first shift is in the bias. */
typedef struct {
    const int32_t *bias;
    const puffer_edge_requantize_t *q;
    const int16_t *tanh_table;
    int32_t x_factor, x_bias, x_shift;                    /* from x to the state's scale */
    puffer_edge_requantize_t output;                      /* from there to y */
    int32_t output_rounding;                              /* of its first shift */
    int32_t size, bits, zero_point, low, high;
} puffer_edge_min_gru_t;

static inline int32_t puffer_edge_saturate_15(int32_t x)
{
    return puffer_edge_clamp_s32(x, -32767, 32767);
}

/* max(a, 0) + sigmoid(min(a, 0)), so that no branch is needed, with the state's bits; a has
 * max(bits, 11). */
static inline int32_t puffer_edge_min_gru_candidate(const int16_t *table, int32_t a, int32_t bits)
{
    const int32_t to_state = bits < 11 ? 11 - bits : 0, to_gate = bits > 11 ? bits - 11 : 0;
    const int32_t below = a & (a >> 31), above = a - below;
    const int32_t straight = (above + ((INT32_C(1) << to_state) >> 1)) >> to_state;
    const int32_t gate = puffer_edge_saturate_15((below + ((INT32_C(1) << to_gate) >> 1)) >> to_gate);
    const int32_t curved =
        (puffer_edge_gate_sigmoid(table, gate) + (INT32_C(1) << (14 - bits))) >> (15 - bits);
    return puffer_edge_clamp_s32(straight + curved, 0, 32767);
}

/* The mean of a and b whose weights add up to 2^15. */
static inline int32_t puffer_edge_weighted_mean(int32_t weight, int32_t a, int32_t b)
{
    return (weight * a + (32768 - weight) * b + (1 << 14)) >> 15;
}

/* One step of a MinGRU with its highway; the weight is packed as mac_<types>.h says of x. y_h may be
 * h; y must not overlap x. */
#define PUFFER_EDGE_MIN_GRU_CELL_INTEGER(NAME, TYPES, X, W, Y)                                     \
    PUFFER_EDGE_KERNEL void puffer_edge_min_gru_cell_##NAME(const X *x, const int16_t *h, const W *w,          \
                                                const puffer_edge_min_gru_t *p, Y *y,              \
                                                int16_t *y_h)                                      \
    {                                                                                              \
        const int16_t *const t = p->tanh_table;                                                    \
        const int32_t *bias = p->bias;                                                             \
        const puffer_edge_requantize_t *q = p->q;                                                  \
        const X *highway = x;                                                                      \
        int32_t count;                                                                             \
        for (int32_t left = p->size; left > 0; left -= count) {                                    \
            int32_t sums[12];                                                                      \
            count = left >= 4 ? 4 : 1;                                                             \
            for (int32_t gate = 0; gate < 3; ++gate) {                                             \
                if (count == 4) {                                                                  \
                    puffer_edge_mac4_##TYPES(x, w, bias, sums + 4 * gate, p->size);                            \
                } else {                                                                           \
                    sums[gate] = puffer_edge_mac1_##TYPES(x, w, *bias, p->size);                               \
                }                                                                                  \
                bias += count;                                                                     \
                w += count * p->size;                                                              \
            }                                                                                      \
            for (int32_t unit = 0; unit < count; ++unit) {                                         \
                const int32_t g = unit + count, o = g + count;                                     \
                const int32_t candidate =                                                          \
                    puffer_edge_min_gru_candidate(t, puffer_edge_requantize(sums[unit], q + unit, 0), p->bits);            \
                const int32_t update =                                                             \
                    puffer_edge_gate_sigmoid(t, puffer_edge_saturate_15(puffer_edge_requantize(sums[g], q + g, 0)));                   \
                const int32_t through =                                                            \
                    puffer_edge_gate_sigmoid(t, puffer_edge_saturate_15(puffer_edge_requantize(sums[o], q + o, 0)));                   \
                const int32_t state = puffer_edge_weighted_mean(update, candidate, *h++);                      \
                const int32_t around =                                                             \
                    puffer_edge_saturate_15((*highway++ * p->x_factor + p->x_bias) >> p->x_shift);             \
                const int32_t mixed = puffer_edge_weighted_mean(through, state, around);                       \
                *y_h++ = (int16_t)state;                                                           \
                *y++ = (Y)puffer_edge_clamp_s32(                                                               \
                    puffer_edge_requantize(mixed + p->output_rounding, &p->output, p->zero_point), p->low,     \
                    p->high);                                                                      \
            }                                                                                      \
            q += 3 * count;                                                                        \
        }                                                                                          \
    }
#endif
