/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_BINARY_INTEGER_H
#define PUFFER_EDGE_BINARY_INTEGER_H
#include "requantize.h"

/* How two operands come to a common unit, and their result to an activation. The exporter has proved
 * that no step leaves 31 bits. */
typedef struct {
    int32_t a_factor, a_bias, a_shift, b_factor, b_bias, b_shift;
    puffer_edge_requantize_t q;
    int32_t rounding, zero_point, low, high; /* rounding: of q's first shift */
} puffer_edge_binary_t;

static inline int32_t puffer_edge_binary_a(int32_t a, const puffer_edge_binary_t *p)
{
    return (a * p->a_factor + p->a_bias) >> p->a_shift;
}

static inline int32_t puffer_edge_binary_b(int32_t b, const puffer_edge_binary_t *p)
{
    return (b * p->b_factor + p->b_bias) >> p->b_shift;
}

static inline int32_t puffer_edge_binary_result(int32_t v, const puffer_edge_binary_t *p)
{
    return puffer_edge_clamp_s32(puffer_edge_requantize(v + p->rounding, &p->q, p->zero_point),
                                 p->low, p->high);
}

static inline int32_t puffer_edge_add_integer(int32_t a, int32_t b, const puffer_edge_binary_t *p)
{
    return puffer_edge_binary_result(puffer_edge_binary_a(a, p) + puffer_edge_binary_b(b, p), p);
}

static inline int32_t puffer_edge_mul_integer(int32_t a, int32_t b, const puffer_edge_binary_t *p)
{
    return puffer_edge_binary_result(puffer_edge_binary_a(a, p) * puffer_edge_binary_b(b, p), p);
}

static inline int32_t puffer_edge_min_integer(int32_t a, int32_t b, const puffer_edge_binary_t *p)
{
    const int32_t u = puffer_edge_binary_a(a, p), v = puffer_edge_binary_b(b, p);
    return puffer_edge_binary_result(u < v ? u : v, p);
}

static inline int32_t puffer_edge_max_integer(int32_t a, int32_t b, const puffer_edge_binary_t *p)
{
    const int32_t u = puffer_edge_binary_a(a, p), v = puffer_edge_binary_b(b, p);
    return puffer_edge_binary_result(u > v ? u : v, p);
}
#endif
