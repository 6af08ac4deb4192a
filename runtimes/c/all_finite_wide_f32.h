/* SPDX-License-Identifier: MIT-0 */
#ifndef PUFFER_EDGE_ALL_FINITE_WIDE_F32_H
#define PUFFER_EDGE_ALL_FINITE_WIDE_F32_H
#include "base.h"

/* all_finite_f32 for computers, by the bits, so that compilers make vectors of it: the exponent of what is
 * not finite is all ones, and one more carries into the sign. */
PUFFER_EDGE_KERNEL int puffer_edge_all_finite_wide_f32(const float *x, int32_t size)
{
    typedef uint32_t __attribute__((may_alias)) puffer_edge_bits_t;
    const puffer_edge_bits_t *const bits = (const puffer_edge_bits_t *)(const void *)x;
    uint32_t signs = 0;
    for (int32_t i = 0; i < size; ++i) {
        signs |= (bits[i] & 0x7fffffffu) + 0x00800000u;
    }
    return signs >> 31 == 0;
}
#endif
